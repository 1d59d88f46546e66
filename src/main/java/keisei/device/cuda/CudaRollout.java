package keisei.device.cuda;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import keisei.device.PlaneProgram;
import keisei.device.RolloutKernels;
import keisei.device.Slice;

/** Planes (F32 or F16) from packed positions, rows of minibatches, advantages. */
final class CudaRollout implements RolloutKernels, AutoCloseable {
    private static final String FILE = "rollout";
    private static final int WORD_BITS = 32;
    private static final int VECTOR_BYTES = 16;
    private static final int NORMALIZED_PER_CHUNK = 4096;
    private static final int MOST_NORMALIZE_CHUNKS = 256;
    private static final int DOUBLE_FLOATS = 2;

    private final CudaRuntime runtime;
    private final CudaOperands operands;
    private final CudaWorkspace workspace;
    private final List<PlaneTable> tables = new ArrayList<>();
    private final RealKernel expandPlanes;
    private final LazyKernel gather1;
    private final LazyKernel gather2;
    private final LazyKernel gather4;
    private final LazyKernel gather16;
    private final LazyKernel advantages;
    private final LazyKernel normalizeChunks;
    private final LazyKernel normalizeMoments;
    private final LazyKernel normalize;

    CudaRollout(CudaRuntime runtime) {
        this.runtime = runtime;
        operands = runtime.operands();
        workspace = new CudaWorkspace(runtime.memory(), "workspace of the rollout");
        CudaModules modules = runtime.modules();
        expandPlanes = new RealKernel(modules, FILE, "expand_planes");
        gather1 = new LazyKernel(modules, FILE, "gather_rows_1");
        gather2 = new LazyKernel(modules, FILE, "gather_rows_2");
        gather4 = new LazyKernel(modules, FILE, "gather_rows_4");
        gather16 = new LazyKernel(modules, FILE, "gather_rows_16");
        advantages = new LazyKernel(modules, FILE, "advantages");
        normalizeChunks = new LazyKernel(modules, FILE, "normalize_chunks");
        normalizeMoments = new LazyKernel(modules, FILE, "normalize_moments");
        normalize = new LazyKernel(modules, FILE, "normalize");
    }

    private long table(PlaneProgram program) {
        for (int i = 0; i < tables.size(); i++) {
            if (tables.get(i).isOf(program)) {
                return tables.get(i).address();
            }
        }
        PlaneTable made = new PlaneTable(runtime, program);
        tables.add(made);
        return made.address();
    }

    @Override
    public void expandPlanes(int batch, PlaneProgram program, Slice packed, Slice out) {
        CudaOperands.requireNotNegative("batch", batch);
        int squares = program.height() * program.width();
        int channels = program.channels();
        long records = operands.bytes("packed", packed, (long) batch * program.recordBytes());
        long image = operands.reals("out", out, (long) batch * squares * channels);
        CudaKernel kernel = expandPlanes.of(out).integer(squares).integer(program.width());
        kernel.integer(program.recordBytes()).integer(program.planes().size()).integer(channels);
        kernel.address(table(program)).address(records).address(image);
        int sharedBytes = Integer.BYTES * channels * (1 + Math.ceilDiv(squares, WORD_BITS));
        kernel.launch(batch, 1, LaunchShape.THREADS, sharedBytes);
    }

    /**
     * {@inheritDoc} An index outside the source, which the host does not see, gives a row whose bits are all 1: NaN where
     * it holds reals, -1 where it holds integers.
     */
    @Override
    public void gatherRows(int rows, int rowLength, Slice source, Slice index, Slice destination) {
        CudaOperands.requireNotNegative("rows", rows);
        CudaOperands.requirePositive("rowLength", rowLength);
        DType dtype = source.dtype();
        long from = operands.address("source", source);
        long indices = operands.ints("index", index, rows);
        long to = operands.typed("destination", destination, dtype, (long) rows * rowLength);
        long rowBytes = (long) rowLength * dtype.bytes();
        int unitBytes = unitBytes(rowBytes | from | to);
        CudaKernel kernel = switch (unitBytes) {
            case 1 -> gather1.get();
            case 2 -> gather2.get();
            case 4 -> gather4.get();
            default -> gather16.get();
        };
        int units = (int) (rowBytes / unitBytes);
        kernel.integer(rows).integer(units).integer(source.length() / rowLength);
        kernel.address(from).address(indices).address(to);
        kernel.launch(LaunchShape.elements(rows * units), 1, LaunchShape.THREADS, 0);
    }

    /** The largest unit that divides a row's size and both addresses, whose bits are joined in {@code bits}. */
    private static int unitBytes(long bits) {
        if (bits % VECTOR_BYTES == 0) {
            return VECTOR_BYTES;
        }
        return bits % 4 == 0 ? 4 : bits % 2 == 0 ? 2 : 1;
    }

    @Override
    public void gae(
            int steps,
            int games,
            double gamma,
            double lambda,
            double sign,
            Slice reward,
            Slice value,
            Slice lastValue,
            Slice finalValue,
            Slice terminated,
            Slice truncated,
            Slice advantage,
            Slice returns) {
        CudaOperands.requireNotNegative("steps", steps);
        CudaOperands.requireNotNegative("games", games);
        long size = (long) steps * games;
        long rewards = operands.floats("reward", reward, size);
        long values = operands.floats("value", value, size);
        long lastValues = operands.floats("lastValue", lastValue, games);
        long finalValues = operands.floats("finalValue", finalValue, size);
        long ended = operands.bytes("terminated", terminated, size);
        long stopped = operands.bytes("truncated", truncated, size);
        long result = operands.floats("advantage", advantage, size);
        long targets = operands.floats("returns", returns, size);
        CudaKernel kernel = advantages.get().integer(steps).integer(games);
        kernel.float64(gamma).float64(lambda).float64(sign);
        kernel.address(rewards).address(values).address(lastValues).address(finalValues);
        kernel.address(ended).address(stopped).address(result).address(targets);
        kernel.launch(LaunchShape.threads(games), 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void normalize(Slice x, double epsilon) {
        long values = operands.floats("x", x, 0);
        int n = x.length();
        if (n < 2) {
            return;
        }
        int chunks = Math.min(MOST_NORMALIZE_CHUNKS, Math.ceilDiv(n, NORMALIZED_PER_CHUNK));
        long partialFloats = 2L * DOUBLE_FLOATS * chunks;
        long momentFloats = 2L * DOUBLE_FLOATS;
        workspace.begin(partialFloats + momentFloats, 2);
        long partial = workspace.take(partialFloats);
        long moments = workspace.take(momentFloats);
        CudaKernel first = normalizeChunks.get().integer(n).address(values).address(partial);
        first.launch(chunks, 1, LaunchShape.THREADS, 0);
        CudaKernel second = normalizeMoments.get().integer(n).integer(chunks).float64(epsilon);
        second.address(partial).address(moments).launch(1, 1, LaunchShape.THREADS, 0);
        CudaKernel third = normalize.get().integer(n).address(moments).address(values);
        third.launch(LaunchShape.elements(n), 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void close() {
        tables.forEach(PlaneTable::close);
        tables.clear();
        workspace.close();
    }
}
