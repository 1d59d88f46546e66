package keisei.device.cpu;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import keisei.device.AdamSettings;
import keisei.device.ConvolutionShape;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.Epilogue;
import keisei.device.OptimizerKernels;
import keisei.device.PpoLossSettings;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;

/**
 * Prints what the CPU device reaches on this machine: the processor's peak of fused multiply-adds, matrix products, and
 * 3x3 convolutions in nominal GFLOP/s ({@code 2 N H W C K 9 / time}; Winograd multiplies 3.24 times less on 9x9).
 * Arguments: threads, then channels; properties {@code sizes} and {@code side} hold the batches and the board's side.
 */
final class CpuSpeed {
    private static final int SAMPLES = 9;
    private static final VectorSpecies<Float> S = Lanes.SPECIES;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static double bytesPerCall;
    private static boolean byProcessorTime;

    private CpuSpeed() {}

    public static void main(String[] arguments) {
        int threads = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2;
        byProcessorTime = threads == 1;
        int[] widths = arguments.length > 1
                ? Arrays.stream(arguments).skip(1).mapToInt(Integer::parseInt).toArray()
                : new int[] {64, 256};
        int[] batches = Arrays.stream(System.getProperty("sizes", "1,64,256").split(",", -1))
                .mapToInt(Integer::parseInt)
                .toArray();
        try (CpuDevice device = new CpuDevice(threads)) {
            System.out.println(device.description());
            peak(threads);
            if (!Boolean.getBoolean("convolutionsOnly")) {
                linear(device, 256, 162, 13527);
            }
            for (int channels : widths) {
                for (int batch : batches) {
                    convolution(device, Integer.getInteger("side", 9), channels, batch);
                }
            }
            convolution(device, 5, 64, 64);
            layers(device, 64, 64);
            policy(device, 64, 13527);
            adam(device, 3_000_000);
        }
    }

    /** One thread is timed by its processor time, so that other programs disturb less; more threads by the clock. */
    private static long nanos() {
        return byProcessorTime ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
    }

    /** Median, in seconds, of {@link #SAMPLES} samples after a warm-up. */
    private static double seconds(Runnable work) {
        long warmUpEnd = nanos() + 700_000_000L;
        while (nanos() < warmUpEnd) {
            work.run();
        }
        long start = nanos();
        work.run();
        int repeats = (int) Math.max(1, 40_000_000L / Math.max(1, nanos() - start));
        double[] samples = new double[SAMPLES];
        long allocated = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < SAMPLES; i++) {
            long from = nanos();
            for (int r = 0; r < repeats; r++) {
                work.run();
            }
            samples[i] = (nanos() - from) / 1e9 / repeats;
        }
        bytesPerCall = (double) (THREADS.getCurrentThreadAllocatedBytes() - allocated) / repeats / SAMPLES;
        Arrays.sort(samples);
        return samples[SAMPLES / 2];
    }

    private static void print(String what, double operations, double seconds) {
        System.out.printf(
                "%-46s %9.3f ms %8.1f GFLOP/s %8.0f bytes allocated by the caller%n",
                what, seconds * 1e3, operations / seconds / 1e9, bytesPerCall);
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

    private static void layers(CpuDevice device, int batch, int channels) {
        int rows = batch * 81;
        int size = rows * channels;
        ConvolutionShape head = new ConvolutionShape(9, 9, channels, 2, 1);
        try (DeviceBuffer x = random(device, size);
                DeviceBuffer y = random(device, size);
                DeviceBuffer dx = random(device, size);
                DeviceBuffer heads = random(device, rows * 2);
                DeviceBuffer small = random(device, 20 * channels * channels);
                PreparedWeights prepared =
                        device.convolution().prepare(head, small.all().range(0, 2 * channels))) {
            Slice[] c = new Slice[8];
            for (int i = 0; i < c.length; i++) {
                c[i] = small.all().range((i + 1) * channels * channels, channels * channels);
            }
            Slice kept = random(device, 3 * batch * channels).all();
            Slice pooled = kept.range(0, batch * channels);
            Slice hidden = kept.range(batch * channels, batch * channels);
            Slice gate = kept.range(2 * batch * channels, batch * channels);
            SqueezeExciteKernels.Weights w = new SqueezeExciteKernels.Weights(c[0], c[1], c[2], c[3]);
            SqueezeExciteKernels.Weights dw = new SqueezeExciteKernels.Weights(c[4], c[5], c[6], c[7]);
            Slice all = x.all();
            Slice out = y.all();
            Slice d = dx.all();
            Slice policy = heads.all();
            print(
                    "batch norm statistics",
                    0,
                    seconds(() -> device.normalization().statistics(rows, channels, all, c[4], c[5])));
            print(
                    "batch norm forward",
                    0,
                    seconds(() -> device.normalization()
                            .forward(rows, channels, all, c[0], c[1], c[2], c[3], all, true, out)));
            print(
                    "batch norm backward",
                    0,
                    seconds(() -> device.normalization()
                            .backward(
                                    rows, channels, true, all, out, all, c[0], c[1], c[2], true, d, false, c[4], c[5],
                                    null, false)));
            print(
                    "squeeze and excitation forward",
                    0,
                    seconds(() -> device.squeezeExcite()
                            .forward(batch, 81, channels, channels / 4, all, w, all, true, pooled, hidden, gate, out)));
            print(
                    "squeeze and excitation backward",
                    0,
                    seconds(() -> device.squeezeExcite()
                            .backward(
                                    batch,
                                    81,
                                    channels,
                                    channels / 4,
                                    all,
                                    out,
                                    all,
                                    w,
                                    true,
                                    pooled,
                                    hidden,
                                    gate,
                                    d,
                                    false,
                                    dw,
                                    null,
                                    false)));
            print(
                    "1x1 to 2 channels forward",
                    4.0 * size,
                    seconds(() -> device.convolution().forward(prepared, batch, all, Epilogue.NONE, policy)));
            print(
                    "1x1 to 2 channels backward data",
                    4.0 * size,
                    seconds(() -> device.convolution().backwardData(prepared, batch, policy, d, false)));
            Slice dWeights = c[7].range(0, 2 * channels);
            print(
                    "1x1 to 2 channels backward weights",
                    4.0 * size,
                    seconds(() -> device.convolution().backwardWeights(head, batch, all, policy, dWeights, null)));
            kept.buffer().close();
        }
    }

    private static void policy(CpuDevice device, int batch, int actions) {
        int words = (actions + 31) / 32;
        int[] mask = new int[batch * words];
        for (int i = 0; i < mask.length; i += 5) {
            mask[i] = 1 << (i % 32);
        }
        PpoLossSettings settings = new PpoLossSettings(0.2, 0.5, 0.01, true);
        try (DeviceBuffer logits = random(device, batch * actions);
                DeviceBuffer gradient = random(device, batch * actions);
                DeviceBuffer legal = device.allocate(DType.I32, mask.length, "mask");
                DeviceBuffer action = device.allocate(DType.I32, batch, "action");
                DeviceBuffer rest = random(device, 7 * batch + 8)) {
            device.write(legal.all(), MemorySegment.ofArray(mask));
            Slice[] r = new Slice[7];
            for (int i = 0; i < r.length; i++) {
                r[i] = rest.all().range(i * batch, batch);
            }
            device.elementwise().fill(r[0], 0.5);
            Slice l = logits.all();
            Slice m = legal.all();
            Slice a = action.all();
            Slice g = gradient.all();
            Slice metrics = rest.all().range(7 * batch, 8);
            print(
                    "sample of " + actions,
                    0,
                    seconds(() -> device.policy().sample(batch, actions, l, m, r[0], a, r[1])));
            print(
                    "PPO loss of " + actions,
                    0,
                    seconds(() -> device.ppoLoss()
                            .lossAndGradient(
                                    batch, actions, settings, l, m, a, r[1], r[2], r[3], r[4], r[5], null, g, r[6],
                                    metrics)));
        }
    }

    private static void adam(CpuDevice device, int length) {
        AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-8, 0, false, 0.5);
        try (DeviceBuffer p = random(device, length);
                DeviceBuffer g = random(device, length);
                DeviceBuffer m = device.allocate(DType.F32, length, "m");
                DeviceBuffer v = device.allocate(DType.F32, length, "v");
                DeviceBuffer control = device.allocate(DType.F32, OptimizerKernels.CONTROL, "control")) {
            Slice[] s = {p.all(), g.all(), m.all(), v.all(), control.all()};
            device.elementwise().fill(s[4].range(OptimizerKernels.LOSS_SCALE, 1), 1);
            print(
                    "gradient norm of " + length,
                    2.0 * length,
                    seconds(() -> device.optimizer().gradientNorm(s[1], s[4])));
            print(
                    "Adam of " + length,
                    12.0 * length,
                    seconds(() -> device.optimizer().adam(settings, s[4], s[0], s[1], s[2], s[3])));
        }
    }
}
