package keisei.golden;

import static keisei.golden.Workbench.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import keisei.device.AdamSettings;
import keisei.device.DType;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;
import keisei.device.reference.ReferenceDevice;
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
 * <p>In half precision outputs are compared like those of every case. Gradients are compared by relative L2 within
 * {@value #HALF_GRADIENTS}: of three positions each ReLU that rounding flips is a visible share of its layer's gradient.
 *
 * <p>Exceptions from relative L2. A bias of a convolution ahead of a batch norm has a true gradient of 0: what is
 * computed is rounding. These gradients are compared absolutely (1e-6 in float32, 1e-12 in float64). Adam turns rounding
 * into steps of the learning rate's size, here and for any weight whose gradient happens to be near 0. So in float32
 * these biases are compared within twice the way Adam can go, and what depends on them (running means after steps,
 * outputs with running statistics at the end) within 5e-3; and the gradients of step 3 are compared with libtorch's
 * within 5e-3, and by relative L2 with those that the float64 reference computes at the same parameters.
 */
final class GoldenTower {
    private static final int BATCH = 3;
    private static final int BOARD = 9;
    private static final int PLANES = 46;
    private static final int ACTIONS = 139;
    private static final double LEARNING_RATE = 1e-3;
    private static final double HALF_GRADIENTS = 0.15;

    private final Workbench bench;
    private final GoldenCase golden;
    private final ActorCriticResTower tower;
    private final boolean exact;

    private GoldenTower(Workbench bench, GoldenCase golden, ActorCriticResTower tower) {
        this.bench = bench;
        this.golden = golden;
        this.tower = tower;
        this.exact = bench.device().realType() == DType.F64;
    }

    static void run(Workbench bench, GoldenCase golden, boolean squeezeExcite) {
        ModelSpec spec = new ModelSpec("resnet", PLANES, BOARD, ACTIONS, 2, 16, squeezeExcite ? 0.25 : null);
        try (ActorCriticResTower tower = new ActorCriticResTower(spec, bench.device(), new RandomStream(1, 1))) {
            new GoldenTower(bench, golden, tower).run();
        }
    }

    private void run() {
        load();
        Slice planes = planes(bench);
        infer("eval0", planes, false);
        int steps = golden.isHalf() ? 1 : 3;
        tower.setNormalization(Normalization.BATCH);
        AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-8, 0, false, 0.5);
        try (AdamOptimizer adam = new AdamOptimizer(bench.device(), settings, tower.parameters())) {
            for (int step = 1; step <= steps; step++) {
                train(step, adam);
            }
        }
        if (golden.isHalf()) {
            golden.leaveOutAllBut("out.eval0.", "out.step1.grad.", "out.step1.policy", "out.step1.value");
        } else {
            infer("eval3", planes, true);
        }
    }

    private Slice planes(Workbench where) {
        double[] x = golden.input("x").values();
        return where.activations(Layout.channelsLast(
                x, BATCH, PLANES, BOARD * BOARD, tower.spec().paddedChannels()));
    }

    private void load() {
        Map<String, StateDict.NamedTensor> tensors = new LinkedHashMap<>();
        ParameterStore store = tower.parameters();
        store.parameters().values().forEach(entry -> tensors.put(entry.name(), named("param.", entry)));
        store.buffers().values().forEach(entry -> tensors.put(entry.name(), named("buffer.", entry)));
        StateDict.load(tower.parameters(), tensors);
        tower.parametersChanged();
    }

    private StateDict.NamedTensor named(String kind, ParameterStore.Entry entry) {
        double[] array = golden.input(kind + entry.name()).values();
        float[] values = new float[array.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array[i];
        }
        return new StateDict.NamedTensor(entry.shape(), values);
    }

    private void infer(String when, Slice planes, boolean afterAdam) {
        Slice logits = bench.zeros(BATCH * ACTIONS);
        Slice value = bench.zeros(BATCH);
        tower.forward(BATCH, planes, logits, value);
        check("out." + when + ".policy_logits", read(logits), afterAdam);
        check("out." + when + ".value", read(value), afterAdam);
    }

    private void check(String result, double[] actual, boolean dependsOnFreeBiases) {
        if (dependsOnFreeBiases && !exact) {
            golden.compareAbsolute(result, 5e-3, actual);
        } else {
            golden.compare(result, actual);
        }
    }

    private void train(int step, AdamOptimizer adam) {
        Map<String, double[]> exactGradients = exact || step < 3 ? Map.of() : exactGradients();
        adam.zeroGradients();
        TrainingPass pass = tower.trainingPass(BATCH);
        Slice logProbability = bench.zeros(BATCH);
        double[] sums = differentiate(bench, pass, logProbability);

        String prefix = "out.step" + step + ".";
        golden.compare(prefix + "policy_logits", read(pass.logits()));
        golden.compare(prefix + "value", read(pass.value()));
        golden.compare(prefix + "logp", read(logProbability));
        double policyLoss = sums[PpoLossKernels.POLICY_LOSS] / BATCH;
        double valueLoss = sums[PpoLossKernels.VALUE_LOSS] / BATCH;
        double entropy = sums[PpoLossKernels.ENTROPY] / BATCH;
        golden.compare(prefix + "policy_loss", policyLoss);
        golden.compare(prefix + "value_loss", valueLoss);
        golden.compare(prefix + "entropy", entropy);
        golden.compare(prefix + "loss", policyLoss + 0.5 * valueLoss - 0.01 * entropy);
        checkGradients(prefix + "grad.", exactGradients);
        if (golden.isHalf()) {
            return;
        }

        adam.step(LEARNING_RATE);
        tower.parametersChanged();
        golden.compare(prefix + "grad_norm", adam.gradientNorm());
        checkParameters(prefix + "param.", step);
        ParameterStore store = tower.parameters();
        for (ParameterStore.Entry entry : known(prefix + "buffer.", store.buffers())) {
            boolean movedByBiases = step > 1 && entry.name().endsWith("running_mean");
            check(prefix + "buffer." + entry.name(), logical(entry, store.statistics()), movedByBiases);
        }
    }

    /** Forward, loss and backward of the case's batch; returns the loss's metrics. */
    private double[] differentiate(Workbench where, TrainingPass pass, Slice logProbability) {
        where.device().elementwise().copy(planes(where), pass.planes());
        pass.forward();
        Slice mask = where.ints(Layout.maskWords(golden.input("mask").values(), BATCH, ACTIONS));
        double[] given = golden.input("action").values();
        Slice action = where.ints((int) given[0], (int) given[1], (int) given[2]);
        Slice metrics = where.zeros(PpoLossKernels.METRICS);
        where.device()
                .policy()
                .evaluate(BATCH, ACTIONS, pass.logits(), mask, action, logProbability, where.zeros(BATCH));
        where.device()
                .ppoLoss()
                .lossAndGradient(
                        BATCH,
                        ACTIONS,
                        new PpoLossSettings(0.2, 0.5, 0.01, false),
                        pass.logits(),
                        mask,
                        action,
                        where.reals(golden.input("old_logp").values()),
                        where.reals(golden.input("adv").values()),
                        pass.value(),
                        where.reals(golden.input("old_value").values()),
                        where.reals(golden.input("ret").values()),
                        where.reals(gradientScale()),
                        pass.dLogits(),
                        pass.dValue(),
                        metrics);
        pass.backward();
        return read(metrics);
    }

    /** Half precision gets what loss scaling gives it; a power of two, so that it changes nothing else. */
    private double gradientScale() {
        return golden.isHalf() ? 1024 : 1;
    }

    private double[] unscaled(double[] gradient) {
        return Arrays.stream(gradient).map(value -> value / gradientScale()).toArray();
    }

    /** The gradients at this tower's parameters, computed in float64. */
    private Map<String, double[]> exactGradients() {
        Map<String, double[]> gradients = new LinkedHashMap<>();
        try (ReferenceDevice reference = new ReferenceDevice();
                Workbench where = new Workbench(reference);
                ActorCriticResTower twin = new ActorCriticResTower(tower.spec(), reference, new RandomStream(1, 1))) {
            StateDict.load(twin.parameters(), StateDict.export(tower.parameters()));
            twin.setNormalization(Normalization.BATCH);
            differentiate(where, twin.trainingPass(BATCH), where.zeros(BATCH));
            ParameterStore store = twin.parameters();
            for (ParameterStore.Entry entry : store.parameters().values()) {
                gradients.put(entry.name(), logical(entry, store.gradients()));
            }
        }
        return gradients;
    }

    /** @param exactGradients where given: the truth at the parameters that this device's own steps led to */
    private void checkGradients(String prefix, Map<String, double[]> exactGradients) {
        ParameterStore store = tower.parameters();
        for (ParameterStore.Entry entry : known(prefix, store.parameters())) {
            String result = prefix + entry.name();
            double[] gradient = unscaled(logical(entry, store.gradients()));
            double[] own = exactGradients.get(entry.name());
            if (isFreeBias(entry.name())) {
                golden.compareAbsolute(result, golden.isHalf() ? 1e-3 : exact ? 1e-12 : 1e-6, gradient);
            } else if (golden.isHalf()) {
                golden.compareDistance(result, HALF_GRADIENTS, gradient);
            } else if (own == null) {
                golden.compare(result, gradient);
            } else {
                golden.compareAbsolute(result, 5e-3, gradient);
                assertThat(GoldenCase.distance(gradient, own))
                        .as("%s: relative L2 distance to float64 at the same parameters", result)
                        .isLessThanOrEqualTo(golden.tolerance(result));
            }
        }
    }

    private void checkParameters(String prefix, int step) {
        ParameterStore store = tower.parameters();
        for (ParameterStore.Entry entry : known(prefix, store.parameters())) {
            String result = prefix + entry.name();
            double[] values = logical(entry, store.values());
            if (isFreeBias(entry.name()) && !exact) {
                golden.compareAbsolute(result, 2 * LEARNING_RATE * step, values);
            } else {
                golden.compare(result, values);
            }
        }
    }

    /** A convolution's bias, which the batch norm behind it takes away again. */
    private static boolean isFreeBias(String name) {
        return name.endsWith("conv.bias") || name.endsWith("conv1.bias") || name.endsWith("conv2.bias");
    }

    /** Those that the golden data have at this step; that none of theirs is left out is checked at the end. */
    private List<ParameterStore.Entry> known(String prefix, Map<String, ParameterStore.Entry> entries) {
        return entries.values().stream()
                .filter(entry -> golden.hasResult(prefix + entry.name()))
                .toList();
    }

    private static double[] logical(ParameterStore.Entry entry, Slice flat) {
        double[] stored = HostTransfer.readDoubles(flat.range(entry.offset(), entry.storedCount()));
        double[] logical = new double[entry.logicalCount()];
        for (int i = 0; i < logical.length; i++) {
            logical[i] = stored[entry.storedIndex(i)];
        }
        return logical;
    }
}
