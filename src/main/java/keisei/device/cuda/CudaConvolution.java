package keisei.device.cuda;

import keisei.device.ConvolutionKernels;
import keisei.device.ConvolutionShape;
import keisei.device.DType;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * Convolutions by cuDNN, and 1x1 convolutions, which are matrix products, by cuBLAS. Libraries get operands at
 * multiples of 16 bytes; others are copied first.
 */
final class CudaConvolution implements ConvolutionKernels, AutoCloseable {
    private static final long ALIGNMENT_BYTES = 16;

    private final CudaRuntime runtime;
    private final CudaOperands operands;
    private final CudaTransforms transforms;
    private final ConvolutionEngines engines;
    private final CudaWorkspace input;
    private final CudaWorkspace output;

    CudaConvolution(CudaRuntime runtime) {
        this.runtime = runtime;
        operands = runtime.operands();
        transforms = runtime.transforms();
        input = runtime.newWorkspace("convolutions' inputs");
        output = runtime.newWorkspace("convolutions' outputs");
        engines = new ConvolutionEngines(runtime);
    }

    @Override
    public PreparedWeights prepare(ConvolutionShape shape, Slice weights) {
        operands.floats("weights", weights, shape.weightCount());
        return new Weights(shape, weights.range(0, shape.weightCount()));
    }

    private Weights opened(PreparedWeights weights) {
        if (!(weights instanceof Weights own) || !own.isOf(runtime)) {
            throw new IllegalArgumentException("weights: they were not prepared by the convolutions of device '%s'"
                    .formatted(runtime.device().name()));
        }
        return own;
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, Epilogue epilogue, Slice y) {
        Weights own = opened(weights);
        ConvolutionShape shape = own.shape;
        CudaOperands.requireNotNegative("batch", batch);
        DType dtype = x.dtype();
        int out = shape.outChannels();
        int rows = rows(batch, shape);
        long from = operands.reals("x", x, (long) rows * shape.inChannels());
        long to = operands.typed("y", y, dtype, (long) rows * out);
        long scale = operands.optionalFloats("scale", epilogue.scale(), out);
        long shift = operands.optionalFloats("shift", epilogue.shift(), out);
        long residual = operands.optionalTyped("residual", epilogue.residual(), dtype, (long) rows * out);
        long w = own.address(dtype);
        if (batch == 0) {
            return;
        }
        ConvolutionEngine engine = engines.of(shape, batch, dtype);
        long image = aligned(from, bytes(rows, shape.inChannels(), dtype), input, 0);
        if (CudaTransforms.isAligned(to) && CudaTransforms.isAligned(residual) && residual != to) {
            engine.forward(image, w, scale, shift, residual, epilogue.relu(), to);
        } else {
            long target = output.address(bytes(rows, out, dtype));
            engine.forward(image, w, 0, 0, 0, false, target);
            transforms.epilogue(dtype, rows, out, target, scale, shift, residual, epilogue.relu(), to);
        }
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        Weights own = opened(weights);
        ConvolutionShape shape = own.shape;
        CudaOperands.requireNotNegative("batch", batch);
        DType dtype = dx.dtype();
        int in = shape.inChannels();
        int rows = rows(batch, shape);
        long from = operands.typed("dy", dy, dtype, (long) rows * shape.outChannels());
        long to = operands.reals("dx", dx, (long) rows * in);
        long w = own.address(dtype);
        if (batch == 0) {
            return;
        }
        ConvolutionEngine engine = engines.of(shape, batch, dtype);
        long gradient = aligned(from, bytes(rows, shape.outChannels(), dtype), input, 0);
        if (CudaTransforms.isAligned(to)) {
            engine.backwardData(w, gradient, accumulate, to);
            return;
        }
        long target = output.address(bytes(rows, in, dtype));
        engine.backwardData(w, gradient, false, target);
        if (accumulate) {
            transforms.accumulate(dtype, rows * in, target, to);
        } else {
            transforms.convert(rows * in, dtype, target, dtype, to);
        }
    }

    @Override
    public void backwardWeights(ConvolutionShape shape, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        CudaOperands.requireNotNegative("batch", batch);
        DType dtype = x.dtype();
        int in = shape.inChannels();
        int out = shape.outChannels();
        int rows = rows(batch, shape);
        long from = operands.reals("x", x, (long) rows * in);
        long gradientFrom = operands.typed("dy", dy, dtype, (long) rows * out);
        long sum = operands.floats("dw", dw, shape.weightCount());
        long biasSum = operands.optionalFloats("dbias", dbias, out);
        if (batch == 0) {
            return;
        }
        long imageBytes = bytes(rows, in, dtype);
        long gradientBytes = bytes(rows, out, dtype);
        boolean copies = !CudaTransforms.isAligned(from) || !CudaTransforms.isAligned(gradientFrom);
        long gradientAt = Math.ceilDiv(imageBytes, ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
        if (copies) {
            // Both copies lie in one piece, which must not move between them.
            input.address(gradientAt + gradientBytes);
        }
        long image = aligned(from, imageBytes, input, 0);
        long gradient = aligned(gradientFrom, gradientBytes, input, gradientAt);
        engines.of(shape, batch, dtype).backwardWeights(image, gradient, sum);
        if (dbias != null) {
            transforms.addColumnSums(dtype, rows, out, gradientFrom, biasSum);
        }
    }

    private static int rows(int batch, ConvolutionShape shape) {
        return Math.multiplyExact(batch, shape.spatial());
    }

    private static long bytes(int rows, int channels, DType dtype) {
        return (long) rows * channels * dtype.bytes();
    }

    /** The operand itself where its address is aligned, else a copy. */
    private long aligned(long address, long bytes, CudaWorkspace workspace, long at) {
        if (CudaTransforms.isAligned(address)) {
            return address;
        }
        long copy = workspace.address(at + bytes) + at;
        runtime.stream().copy(address, copy, bytes);
        return copy;
    }

    @Override
    public void close() {
        engines.close();
    }

    /** Weights {@code [K, R, S, C]}, which is cuDNN's order of an NHWC filter. */
    final class Weights extends CudaPreparedWeights {
        private final ConvolutionShape shape;

        Weights(ConvolutionShape shape, Slice weights) {
            super(runtime, weights);
            this.shape = shape;
        }
    }
}
