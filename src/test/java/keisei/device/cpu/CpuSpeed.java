package keisei.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import keisei.device.ConvolutionShape;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;

/**
 * Prints what the CPU device reaches on this machine: the processor's peak of fused multiply-adds, matrix products, and
 * 3x3 convolutions in nominal GFLOP/s ({@code 2 N H W C K 9 / time}; Winograd multiplies 3.24 times less on 9x9).
 * Arguments: threads, then channels; a property {@code sizes} holds the batches.
 */
final class CpuSpeed {
    private static final int SAMPLES = 9;
    private static final VectorSpecies<Float> S = Lanes.SPECIES;

    private CpuSpeed() {}

    public static void main(String[] arguments) {
        int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2;
        int[] widths = arguments.length > 1
                ? Arrays.stream(arguments).skip(1).mapToInt(Integer::parseInt).toArray()
                : new int[] {64, 256};
        int[] batches = Arrays.stream(System.getProperty("sizes", "1,64,256").split(",", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        try (CpuDevice device = new CpuDevice(threads)) {
            System.out.println(device.description());
            peak(1);
            peak(threads);
            linear(device, 256, 162, 13527);
            for (int channels : widths) {
                for (int batch : batches) {
                    convolution(device, 9, channels, batch);
                }
            }
            convolution(device, 5, 64, 64);
        }
    }

    /** Median, in seconds, of {@link #SAMPLES} samples after a warm-up. */
    private static double seconds(Runnable work) {
        long warmUpEnd = System.nanoTime() + 700_000_000L;
        while (System.nanoTime() < warmUpEnd) {
            work.run();
        }
        long start = System.nanoTime();
        work.run();
        int repeats = (int) Math.max(1, 40_000_000L / Math.max(1, System.nanoTime() - start));
        double[] samples = new double[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            long from = System.nanoTime();
            for (int r = 0; r < repeats; r++) {
                work.run();
            }
            samples[i] = (System.nanoTime() - from) / 1e9 / repeats;
        }
        Arrays.sort(samples);
        return samples[SAMPLES / 2];
    }

    private static void print(String what, double operations, double seconds) {
        System.out.printf("%-44s %9.3f ms %8.1f GFLOP/s%n", what, seconds * 1e3, operations / seconds / 1e9);
    }

    private static void peak(int threads) {
        int steps = 2_000_000;
        float[] out = new float[threads * 64];
        try (Workers workers = new Workers(threads)) {
            Task task = (chunk, worker) -> out[chunk * 64] = chains(steps);
            double time = seconds(() -> workers.run(task, threads));
            print("multiply-add peak, " + threads + " thread(s)", 2.0 * threads * steps * 12 * S.length(), time);
        }
    }

    private static float chains(int steps) {
        FloatVector f = FloatVector.broadcast(S, 0.999f);
        FloatVector a = FloatVector.broadcast(S, 0.1f);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        FloatVector e = a;
        FloatVector g = a;
        FloatVector h = a;
        FloatVector i = a;
        FloatVector j = a;
        FloatVector k = a;
        FloatVector l = a;
        FloatVector m = a;
        for (int step = 0; step < steps; step++) {
            a = a.fma(f, f);
            b = b.fma(f, f);
            c = c.fma(f, f);
            d = d.fma(f, f);
            e = e.fma(f, f);
            g = g.fma(f, f);
            h = h.fma(f, f);
            i = i.fma(f, f);
            j = j.fma(f, f);
            k = k.fma(f, f);
            l = l.fma(f, f);
            m = m.fma(f, f);
        }
        return a.add(b)
                .add(c)
                .add(d)
                .add(e)
                .add(g)
                .add(h)
                .add(i)
                .add(j)
                .add(k)
                .add(l)
                .add(m)
                .reduceLanes(VectorOperators.ADD);
    }

    private static DeviceBuffer random(CpuDevice device, int length) {
        Random random = new Random(length);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        DeviceBuffer buffer = device.allocate(DType.F32, length, "speed");
        device.write(buffer.all(), MemorySegment.ofArray(values));
        return buffer;
    }

    private static void linear(CpuDevice device, int batch, int in, int out) {
        double operations = 2.0 * batch * in * out;
        String size = " %dx%dx%d".formatted(batch, in, out);
        try (DeviceBuffer x = random(device, batch * in);
                DeviceBuffer w = random(device, in * out);
                DeviceBuffer dw = random(device, in * out);
                DeviceBuffer y = random(device, batch * out);
                PreparedWeights prepared = device.linear().prepare(in, out, w.all())) {
            print(
                    "linear forward" + size,
                    operations,
                    seconds(() -> device.linear().forward(prepared, batch, x.all(), null, y.all())));
            print(
                    "linear backward weights" + size,
                    operations,
                    seconds(() -> device.linear().backwardWeights(in, out, batch, x.all(), y.all(), dw.all(), null)));
            print(
                    "linear backward data" + size,
                    operations,
                    seconds(() -> device.linear().backwardData(prepared, batch, y.all(), x.all(), false)));
        }
    }

    private static void convolution(CpuDevice device, int side, int channels, int batch) {
        ConvolutionShape shape = new ConvolutionShape(side, side, channels, channels, 3);
        int size = batch * shape.spatial() * channels;
        double operations = 2.0 * size * channels * 9;
        String of = " %dx%d C=%d N=%d".formatted(side, side, channels, batch);
        try (DeviceBuffer x = random(device, size);
                DeviceBuffer w = random(device, shape.weightCount());
                DeviceBuffer dw = random(device, shape.weightCount());
                DeviceBuffer y = random(device, size);
                PreparedWeights prepared = device.convolution().prepare(shape, w.all())) {
            print(
                    "conv forward" + of,
                    operations,
                    seconds(() -> device.convolution().forward(prepared, batch, x.all(), Epilogue.NONE, y.all())));
            print(
                    "conv backward data" + of,
                    operations,
                    seconds(() -> device.convolution().backwardData(prepared, batch, y.all(), x.all(), false)));
            print(
                    "conv backward weights" + of,
                    operations,
                    seconds(() ->
                            device.convolution().backwardWeights(shape, batch, x.all(), y.all(), dw.all(), null)));
            if (batch == 64) {
                print("transforms of weights" + of, 0, seconds(() -> {
                    prepared.invalidate();
                    device.convolution().forward(prepared, 0, x.all(), Epilogue.NONE, y.all());
                    ((CpuPreparedWeights) prepared).forward();
                    ((CpuPreparedWeights) prepared).backward();
                }));
            }
        }
    }
}
