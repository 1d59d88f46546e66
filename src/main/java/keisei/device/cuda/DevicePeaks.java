package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import keisei.device.DType;

/**
 * What a GPU reaches at best, measured: the yardsticks of a profile.
 *
 * @param flopsPerSecond of a large product of float16 matrices of random numbers with float32 sums, by cuBLAS
 * @param bytesPerSecond of a large copy inside the device, read and written bytes counted
 * @param product edge of the matrices
 * @param copyBytes size of the copy
 */
public record DevicePeaks(double flopsPerSecond, double bytesPerSecond, int product, long copyBytes) {
    private static final int FIRST_EDGE = 128;
    private static final int LAST_EDGE = 8192;
    private static final int FIRST_COPY_BYTES = 1 << 20;
    private static final int LAST_COPY_BYTES = 1 << 30;
    private static final int RUNS = 10;
    /** A slow device is not asked for more. */
    private static final double ENOUGH_MILLIS = 20;

    private static final int PATTERN_ELEMENTS = 1 << 20;

    static DevicePeaks measure(CudaRuntime runtime) {
        int edge = FIRST_EDGE;
        double flops = product(runtime, edge);
        while (edge < LAST_EDGE && 2.0 * edge * edge * edge / flops * 1e3 < ENOUGH_MILLIS / RUNS) {
            edge *= 2;
            flops = product(runtime, edge);
        }
        int bytes = FIRST_COPY_BYTES;
        double rate = copy(runtime, bytes);
        while (bytes < LAST_COPY_BYTES && 2.0 * bytes / rate * 1e3 < ENOUGH_MILLIS / RUNS) {
            bytes *= 4;
            rate = copy(runtime, bytes);
        }
        return new DevicePeaks(flops, rate, edge, bytes);
    }

    private static double product(CudaRuntime runtime, int edge) {
        int count = edge * edge;
        try (CudaBuffer a = runtime.memory().allocate(DType.F16, count, "peak");
                CudaBuffer b = runtime.memory().allocate(DType.F16, count, "peak");
                CudaBuffer c = runtime.memory().allocate(DType.F16, count, "peak")) {
            fill(runtime, a);
            fill(runtime, b);
            double millis = millis(
                    runtime,
                    () -> runtime.cublas()
                            .product(
                                    edge,
                                    edge,
                                    edge,
                                    DType.F16,
                                    a.address(),
                                    false,
                                    b.address(),
                                    true,
                                    false,
                                    DType.F16,
                                    c.address()));
            return 2.0 * edge * edge * edge / (millis / 1e3);
        }
    }

    private static double copy(CudaRuntime runtime, int bytes) {
        try (CudaBuffer from = runtime.memory().allocate(DType.U8, bytes, "peak");
                CudaBuffer to = runtime.memory().allocate(DType.U8, bytes, "peak")) {
            double millis = millis(runtime, () -> runtime.stream().copy(from.address(), to.address(), bytes));
            return 2.0 * bytes / (millis / 1e3);
        }
    }

    /** Random numbers in [-1, 1): products of zeros are faster than real ones. */
    private static void fill(CudaRuntime runtime, CudaBuffer buffer) {
        SplittableRandom random = new SplittableRandom(1);
        int pattern = Math.min(PATTERN_ELEMENTS, buffer.length());
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate((long) pattern * Short.BYTES, Short.BYTES);
            for (int i = 0; i < pattern; i++) {
                short value = Float.floatToFloat16((float) random.nextDouble(-1, 1));
                values.setAtIndex(ValueLayout.JAVA_SHORT, i, value);
            }
            for (int from = 0; from < buffer.length(); from += pattern) {
                long bytes = (long) Math.min(pattern, buffer.length() - from) * Short.BYTES;
                runtime.stream().copyToDevice(values, buffer.address() + (long) from * Short.BYTES, bytes);
            }
            runtime.stream().synchronize();
        }
    }

    /** The best of three times some runs, after a first one. */
    private static double millis(CudaRuntime runtime, Runnable work) {
        CudaStream stream = runtime.stream();
        try (CudaEvent start = CudaEvent.forTiming();
                CudaEvent end = CudaEvent.forTiming()) {
            work.run();
            double best = Double.POSITIVE_INFINITY;
            for (int sample = 0; sample < 3; sample++) {
                start.record(stream);
                for (int i = 0; i < RUNS; i++) {
                    work.run();
                }
                end.record(stream);
                end.synchronize();
                best = Math.min(best, end.millisSince(start) / RUNS);
            }
            return best;
        }
    }
}
