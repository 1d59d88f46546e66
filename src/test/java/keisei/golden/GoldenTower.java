package keisei.golden;

import static keisei.golden.Workbench.read;

import java.util.LinkedHashMap;
import java.util.Map;
import keisei.device.AdamSettings;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;
import keisei.nn.ActorCriticResTower;
import keisei.nn.ModelSpec;
import keisei.nn.Normalization;
import keisei.nn.ParameterStore;
import keisei.nn.StateDict;
import keisei.nn.TrainingPass;
import keisei.optim.AdamOptimizer;
import keisei.random.RandomStream;
import keisei.tensor.HostTransfer;

/**
 * A whole tower over three training steps with batch statistics.
 *
 * <p>Exceptions from relative L2, all from one cause: a bias of a convolution ahead of a batch norm has a true
 * gradient of 0, what is computed is rounding, and Adam turns rounding into steps of the learning rate's size. So these
 * gradients are compared absolutely (1e-6 in float32, 1e-12 in float64), and in float32 these parameters within twice
 * the way Adam can go, and what depends on them (running means after steps, outputs with running statistics at the
 * end) within 5e-3.
 */
final class GoldenTower {
    private static final int BATCH = 3;
    private static final int BOARD = 9;
    private static final int PLANES = 46;
    private static final int ACTIONS = 139;
    private static final double LEARNING_RATE = 1e-3;

    private final Workbench bench;
    private final GoldenCase golden;
    private final Comparison comparison;
    private final ActorCriticResTower tower;

    private GoldenTower(Workbench bench, GoldenCase golden, Comparison comparison, ActorCriticResTower tower) {
        this.bench = bench;
        this.golden = golden;
        this.comparison = comparison;
        this.tower = tower;
    }

    static void run(Workbench bench, GoldenCase golden, Comparison comparison, boolean squeezeExcite) {
        ModelSpec spec = new ModelSpec("resnet", PLANES, BOARD, ACTIONS, 2, 16, squeezeExcite ? 0.25 : null);
        try (ActorCriticResTower tower = new ActorCriticResTower(spec, bench.device(), new RandomStream(1, 1))) {
            new GoldenTower(bench, golden, comparison, tower).run();
        }
    }

    private void run() {
        load();
        Slice planes = bench.reals(Layout.channelsLast(
                golden.input("x").values(),
                BATCH,
                PLANES,
                BOARD * BOARD,
                tower.spec().paddedChannels()));
        infer("eval0", planes, false);
        tower.setNormalization(Normalization.BATCH);
        AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-8, 0, false, 0.5);
        try (AdamOptimizer adam = new AdamOptimizer(bench.device(), settings, tower.parameters())) {
            for (int step = 1; step <= 3; step++) {
                train(step, planes, adam);
            }
        }
        infer("eval3", planes, true);
    }

    private void load() {
        Map<String, StateDict.NamedTensor> tensors = new LinkedHashMap<>();
        for (String kind : new String[] {"in.param.", "in.buffer."}) {
            for (String file : golden.files(kind)) {
                Npy array = golden.read(file);
                float[] values = new float[array.values().length];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) array.values()[i];
                }
                String name = file.substring(kind.length(), file.length() - ".npy".length());
                tensors.put(name, new StateDict.NamedTensor(array.shape(), values));
            }
        }
        StateDict.load(tower.parameters(), tensors);
        tower.parametersChanged();
    }

    private void infer(String when, Slice planes, boolean afterAdam) {
        Slice logits = bench.zeros(BATCH * ACTIONS);
        Slice value = bench.zeros(BATCH);
        tower.forward(BATCH, planes, logits, value);
        check("out." + when + ".policy_logits.f64.npy", read(logits), afterAdam);
        check("out." + when + ".value.f64.npy", read(value), afterAdam);
    }

    private void check(String file, double[] actual, boolean dependsOnFreeBiases) {
        if (dependsOnFreeBiases && !comparison.exact()) {
            comparison.checkAbsolute(file, actual, 5e-3);
        } else {
            comparison.check(file, actual);
        }
    }

    private void train(int step, Slice planes, AdamOptimizer adam) {
        TrainingPass pass = tower.trainingPass(BATCH);
        bench.device().elementwise().copy(planes, pass.planes());
        adam.zeroGradients();
        pass.forward();
        Slice mask = bench.ints(Layout.maskWords(golden.input("mask").values(), BATCH, ACTIONS));
        double[] given = golden.input("action").values();
        Slice action = bench.ints((int) given[0], (int) given[1], (int) given[2]);
        Slice logProbability = bench.zeros(BATCH);
        Slice metrics = bench.zeros(PpoLossKernels.METRICS);
        bench.device()
                .policy()
                .evaluate(BATCH, ACTIONS, pass.logits(), mask, action, logProbability, bench.zeros(BATCH));
        bench.device()
                .ppoLoss()
                .lossAndGradient(
                        BATCH,
                        ACTIONS,
                        new PpoLossSettings(0.2, 0.5, 0.01, false),
                        pass.logits(),
                        mask,
                        action,
                        bench.reals(golden.input("old_logp").values()),
                        bench.reals(golden.input("adv").values()),
                        pass.value(),
                        bench.reals(golden.input("old_value").values()),
                        bench.reals(golden.input("ret").values()),
                        pass.dLogits(),
                        pass.dValue(),
                        metrics);
        pass.backward();

        String prefix = "out.step" + step + ".";
        comparison.check(prefix + "policy_logits.f64.npy", read(pass.logits()));
        comparison.check(prefix + "value.f64.npy", read(pass.value()));
        comparison.check(prefix + "logp.f64.npy", read(logProbability));
        double[] sums = read(metrics);
        double policyLoss = sums[PpoLossKernels.POLICY_LOSS] / BATCH;
        double valueLoss = sums[PpoLossKernels.VALUE_LOSS] / BATCH;
        double entropy = sums[PpoLossKernels.ENTROPY] / BATCH;
        comparison.check(prefix + "policy_loss.f64.npy", new double[] {policyLoss});
        comparison.check(prefix + "value_loss.f64.npy", new double[] {valueLoss});
        comparison.check(prefix + "entropy.f64.npy", new double[] {entropy});
        comparison.check(prefix + "loss.f64.npy", new double[] {policyLoss + 0.5 * valueLoss - 0.01 * entropy});
        checkGradients(prefix + "grad.");

        adam.step(LEARNING_RATE);
        tower.parametersChanged();
        comparison.check(prefix + "grad_norm.f64.npy", new double[] {adam.gradientNorm()});
        checkParameters(prefix + "param.", step);
        for (String file : golden.files(prefix + "buffer.")) {
            String name = name(file, prefix + "buffer.");
            boolean movedByBiases = step > 1 && name.endsWith("running_mean");
            check(file, logical(tower.parameters().buffers(), tower.parameters().statistics(), name), movedByBiases);
        }
    }

    private void checkGradients(String prefix) {
        ParameterStore store = tower.parameters();
        for (String file : golden.files(prefix)) {
            String name = name(file, prefix);
            double[] gradient = logical(store.parameters(), store.gradients(), name);
            if (isFreeBias(name)) {
                comparison.checkAbsolute(file, gradient, comparison.exact() ? 1e-12 : 1e-6);
            } else {
                comparison.check(file, gradient);
            }
        }
    }

    private void checkParameters(String prefix, int step) {
        ParameterStore store = tower.parameters();
        for (String file : golden.files(prefix)) {
            String name = name(file, prefix);
            double[] values = logical(store.parameters(), store.values(), name);
            if (isFreeBias(name) && !comparison.exact()) {
                comparison.checkAbsolute(file, values, 2 * LEARNING_RATE * step);
            } else {
                comparison.check(file, values);
            }
        }
    }

    /** A convolution's bias, which the batch norm behind it takes away again. */
    private static boolean isFreeBias(String name) {
        return name.endsWith("conv.bias") || name.endsWith("conv1.bias") || name.endsWith("conv2.bias");
    }

    private static String name(String file, String prefix) {
        return file.substring(prefix.length(), file.length() - ".f64.npy".length());
    }

    private static double[] logical(Map<String, ParameterStore.Entry> entries, Slice flat, String name) {
        ParameterStore.Entry entry = entries.get(name);
        if (entry == null) {
            throw new IllegalArgumentException("the tower has no tensor " + name);
        }
        double[] stored = HostTransfer.readDoubles(flat.range(entry.offset(), entry.storedCount()));
        double[] logical = new double[entry.logicalCount()];
        for (int i = 0; i < logical.length; i++) {
            logical[i] = stored[entry.storedIndex(i)];
        }
        return logical;
    }
}
