package keisei.golden;

import static keisei.golden.Workbench.read;

import keisei.device.AdamSettings;
import keisei.device.OptimizerKernels;
import keisei.device.Slice;
import keisei.optim.AdamOptimizer;
import keisei.tensor.HostTransfer;

/** The golden cases of gradient clipping and optimizers, run by {@link AdamOptimizer}. */
final class OptimizerSteps {
    private final Workbench bench;
    private final GoldenCase golden;

    OptimizerSteps(Workbench bench, GoldenCase golden) {
        this.bench = bench;
        this.golden = golden;
    }

    /** With beta1 = 0 the first moment after a step is the clipped gradient. */
    void clipping(double maxNorm) {
        int[] starts = new int[4];
        for (int i = 0; i < 3; i++) {
            starts[i + 1] = starts[i] + golden.input("g" + i).values().length;
        }
        double[] flat = new double[starts[3]];
        for (int i = 0; i < 3; i++) {
            System.arraycopy(golden.input("g" + i).values(), 0, flat, starts[i], starts[i + 1] - starts[i]);
        }
        AdamSettings settings = new AdamSettings(0, 0.999, 1e-8, 0, false, maxNorm);
        try (AdamOptimizer adam =
                new AdamOptimizer(bench.device(), settings, bench.zeros(flat.length), bench.reals(flat), null)) {
            adam.step(1e-3);
            double[] clipped = read(adam.moment1());
            for (int i = 0; i < 3; i++) {
                golden.compare("out.g" + i, part(clipped, starts[i], starts[i + 1]));
            }
            golden.compare("out.total_norm", new double[] {read(adam.control())[OptimizerKernels.GRADIENT_NORM]});
        }
    }

    void adam(double learningRate, double weightDecay, boolean decoupled) {
        double[] p0 = golden.input("p0").values();
        double[] p1 = golden.input("p1").values();
        Slice parameters = bench.reals(join(p0, p1));
        Slice gradients = bench.zeros(p0.length + p1.length);
        AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-8, weightDecay, decoupled, 0);
        try (AdamOptimizer adam = new AdamOptimizer(bench.device(), settings, parameters, gradients, null)) {
            for (int step = 1; step <= 5; step++) {
                HostTransfer.write(
                        gradients,
                        join(
                                golden.input("g0.step" + step).values(),
                                golden.input("g1.step" + step).values()));
                adam.step(learningRate);
                double[] now = read(parameters);
                golden.compare("out.p0.step" + step, part(now, 0, p0.length));
                golden.compare("out.p1.step" + step, part(now, p0.length, now.length));
            }
        }
    }

    private static double[] join(double[] a, double[] b) {
        double[] both = new double[a.length + b.length];
        System.arraycopy(a, 0, both, 0, a.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static double[] part(double[] values, int from, int to) {
        double[] result = new double[to - from];
        System.arraycopy(values, from, result, 0, to - from);
        return result;
    }
}
