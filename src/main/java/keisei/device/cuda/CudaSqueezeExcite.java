package keisei.device.cuda;

import keisei.device.DType;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import org.jspecify.annotations.Nullable;

/** Squeeze-and-excitation: images F32 or F16, all of one type, everything else F32. A block of threads a position. */
final class CudaSqueezeExcite implements SqueezeExciteKernels, AutoCloseable {
    private static final int TILE = 32;
    private static final int POSITIONS_PER_CHUNK = 64;
    private static final int MOST_CHUNKS = 32;

    private final CudaOperands operands;
    private final CudaWorkspace workspace;
    private final RealKernel forward;
    private final RealKernel backward;
    private final LazyKernel weightChunks;
    private final LazyKernel weightSums;

    CudaSqueezeExcite(CudaRuntime runtime) {
        operands = runtime.operands();
        workspace = new CudaWorkspace(runtime.memory(), "workspace of squeeze-and-excitation");
        CudaModules modules = runtime.modules();
        forward = new RealKernel(modules, "squeeze_excite", "squeeze_excite_forward");
        backward = new RealKernel(modules, "squeeze_excite", "squeeze_excite_backward");
        weightChunks = new LazyKernel(modules, "squeeze_excite_weights", "squeeze_excite_weight_chunks");
        weightSums = new LazyKernel(modules, "squeeze_excite_weights", "squeeze_excite_weight_sums");
    }

    private static void requireShape(int batch, int spatial, int channels, int hidden) {
        CudaOperands.requireNotNegative("batch", batch);
        CudaOperands.requirePositive("spatial", spatial);
        CudaOperands.requirePositive("channels", channels);
        CudaOperands.requirePositive("hidden", hidden);
    }

    private static int sharedBytes(int channels, int hidden) {
        return Float.BYTES * (2 * Math.ceilDiv(channels, 4) * 4 + Math.ceilDiv(hidden, 4) * 4);
    }

    @Override
    public void forward(
            int batch,
            int spatial,
            int channels,
            int hidden,
            Slice x,
            Weights weights,
            @Nullable Slice residual,
            boolean relu,
            Slice pooled,
            Slice hiddenOut,
            Slice gate,
            Slice y) {
        requireShape(batch, spatial, channels, hidden);
        long size = (long) batch * spatial * channels;
        long layer = (long) channels * hidden;
        DType dtype = x.dtype();
        long input = operands.reals("x", x, size);
        long w1 = operands.floats("w1", weights.w1(), layer);
        long b1 = operands.floats("b1", weights.b1(), hidden);
        long w2 = operands.floats("w2", weights.w2(), layer);
        long b2 = operands.floats("b2", weights.b2(), channels);
        long added = operands.optionalTyped("residual", residual, dtype, size);
        long pool = operands.floats("pooled", pooled, (long) batch * channels);
        long units = operands.floats("hiddenOut", hiddenOut, (long) batch * hidden);
        long gates = operands.floats("gate", gate, (long) batch * channels);
        long output = operands.typed("y", y, dtype, size);
        CudaKernel kernel =
                forward.of(x).integer(spatial).integer(channels).integer(hidden).address(input);
        kernel.address(w1).address(b1).address(w2).address(b2).address(added).integer(relu ? 1 : 0);
        kernel.address(pool).address(units).address(gates).address(output);
        kernel.launch(batch, 1, LaunchShape.THREADS, sharedBytes(channels, hidden));
    }

    @Override
    public void backward(
            int batch,
            int spatial,
            int channels,
            int hidden,
            Slice x,
            Slice y,
            Slice dy,
            Weights weights,
            boolean relu,
            Slice pooled,
            Slice hiddenOut,
            Slice gate,
            Slice dx,
            boolean accumulate,
            Weights dWeights,
            @Nullable Slice dResidual,
            boolean accumulateResidual) {
        requireShape(batch, spatial, channels, hidden);
        long size = (long) batch * spatial * channels;
        long layer = (long) channels * hidden;
        DType dtype = x.dtype();
        long input = operands.reals("x", x, size);
        long output = relu ? operands.typed("y", y, dtype, size) : 0;
        long gradient = operands.typed("dy", dy, dtype, size);
        long w1 = operands.floats("w1", weights.w1(), layer);
        long w2 = operands.floats("w2", weights.w2(), layer);
        long pool = operands.floats("pooled", pooled, (long) batch * channels);
        long units = operands.floats("hiddenOut", hiddenOut, (long) batch * hidden);
        long gates = operands.floats("gate", gate, (long) batch * channels);
        long data = operands.typed("dx", dx, dtype, size);
        long dw1 = operands.floats("dw1", dWeights.w1(), layer);
        long db1 = operands.floats("db1", dWeights.b1(), hidden);
        long dw2 = operands.floats("dw2", dWeights.w2(), layer);
        long db2 = operands.floats("db2", dWeights.b2(), channels);
        long through = operands.optionalTyped("dResidual", dResidual, dtype, size);

        int parameters = Math.toIntExact(2 * layer + hidden + channels);
        int chunks = Math.min(MOST_CHUNKS, Math.ceilDiv(batch, POSITIONS_PER_CHUNK));
        long gateFloats = (long) batch * channels;
        long hiddenFloats = (long) batch * hidden;
        workspace.begin(gateFloats + hiddenFloats + (long) chunks * parameters, 3);
        long gateGradient = workspace.take(gateFloats);
        long hiddenGradient = workspace.take(hiddenFloats);
        long partial = workspace.take((long) chunks * parameters);

        CudaKernel kernel = backward.of(x)
                .integer(spatial)
                .integer(channels)
                .integer(hidden)
                .address(input);
        kernel.address(output).address(gradient).address(w1).address(w2).integer(relu ? 1 : 0);
        kernel.address(units).address(gates).address(data).integer(accumulate ? 1 : 0);
        kernel.address(through).integer(accumulateResidual ? 1 : 0);
        kernel.address(gateGradient).address(hiddenGradient);
        kernel.launch(batch, 1, LaunchShape.THREADS, sharedBytes(channels, hidden));

        int tiles = Math.ceilDiv(channels, TILE) * Math.ceilDiv(hidden, TILE);
        CudaKernel first = weightChunks.get().integer(batch).integer(channels).integer(hidden);
        first.address(hiddenGradient)
                .address(pool)
                .address(gateGradient)
                .address(units)
                .address(partial);
        first.launch(2 * tiles, chunks, LaunchShape.THREADS, 0);
        CudaKernel second = weightSums
                .get()
                .integer(chunks)
                .integer(channels)
                .integer(hidden)
                .address(partial);
        second.address(dw1).address(db1).address(dw2).address(db2);
        second.launch(LaunchShape.threads(parameters), 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void close() {
        workspace.close();
    }
}
