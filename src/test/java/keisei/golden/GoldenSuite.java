package keisei.golden;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import keisei.device.Device;
import keisei.tensor.Tape;
import org.junit.jupiter.api.DynamicTest;

/** Every golden case as a test of one kind of device; each test opens a device of its own and closes it without leaks. */
public final class GoldenSuite {
    private GoldenSuite() {}

    private interface Run {
        void on(Workbench bench, GoldenCase golden, Comparison comparison);
    }

    /** The tests; {@code device} makes a fresh device, which the test closes. */
    public static Stream<DynamicTest> on(Supplier<Device> device) {
        return cases().entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> {
                    try (Device opened = device.get();
                            Workbench bench = new Workbench(opened)) {
                        GoldenCase golden = new GoldenCase(entry.getKey());
                        Comparison comparison = new Comparison(opened, golden);
                        entry.getValue().on(bench, golden, comparison);
                        comparison.report();
                    }
                }));
    }

    private static Map<String, Run> cases() {
        Map<String, Run> cases = new LinkedHashMap<>();
        for (String name : new String[] {
            "conv3x3_c5_k7_bias",
            "conv3x3_c46_k16",
            "conv3x3_c16_k24_n1",
            "conv3x3_c64_k64",
            "conv1x1_c16_k2",
            "conv1x1_c16_k1_bias"
        }) {
            cases.put(name, (bench, golden, comparison) -> new GoldenLayers(bench, golden, comparison).convolution());
        }
        for (String name : new String[] {"bn_train", "bn_train_n1", "bn_eval"}) {
            cases.put(name, (bench, golden, comparison) -> new GoldenLayers(bench, golden, comparison).batchNorm());
        }
        cases.put("se_c16", (bench, golden, comparison) -> new GoldenLayers(bench, golden, comparison).squeezeExcite());
        cases.put(
                "linear_162_x_37", (bench, golden, comparison) -> new GoldenLayers(bench, golden, comparison).linear());
        cases.put("relu", (bench, golden, comparison) -> new GoldenLayers(bench, golden, comparison).plain(Tape::relu));
        cases.put("tanh", (bench, golden, comparison) -> new GoldenLayers(bench, golden, comparison).plain(Tape::tanh));
        cases.put(
                "sigmoid",
                (bench, golden, comparison) -> new GoldenLayers(bench, golden, comparison).plain(Tape::sigmoid));
        cases.put(
                "masked_log_softmax",
                (bench, golden, comparison) -> new GoldenPolicy(bench, golden, comparison).logSoftmax());
        cases.put(
                "masked_logp_of_action",
                (bench, golden, comparison) -> new GoldenPolicy(bench, golden, comparison).logProbabilityOfAction());
        for (String name : new String[] {"masked_entropy", "masked_entropy_13527"}) {
            cases.put(name, (bench, golden, comparison) -> new GoldenPolicy(bench, golden, comparison).entropy());
        }
        cases.put(
                "ppo_policy_loss",
                (bench, golden, comparison) -> new GoldenPolicy(bench, golden, comparison).policyLoss());
        cases.put(
                "value_loss_plain",
                (bench, golden, comparison) -> new GoldenPolicy(bench, golden, comparison).valueLoss(false));
        cases.put(
                "value_loss_clipped",
                (bench, golden, comparison) -> new GoldenPolicy(bench, golden, comparison).valueLoss(true));
        for (String name : new String[] {"gae", "gae_truncation", "gae_alternating"}) {
            double sign = name.equals("gae_alternating") ? -1 : 1;
            cases.put(
                    name,
                    (bench, golden, comparison) -> new GoldenTraining(bench, golden, comparison).advantages(sign));
        }
        cases.put(
                "normalize_adv",
                (bench, golden, comparison) -> new GoldenTraining(bench, golden, comparison).normalization());
        cases.put(
                "clip_grad_norm_above",
                (bench, golden, comparison) -> new GoldenTraining(bench, golden, comparison).clipping(0.5));
        cases.put(
                "clip_grad_norm_below",
                (bench, golden, comparison) -> new GoldenTraining(bench, golden, comparison).clipping(1000));
        cases.put(
                "adam",
                (bench, golden, comparison) -> new GoldenTraining(bench, golden, comparison).adam(1e-3, 0, false));
        cases.put(
                "adam_l2",
                (bench, golden, comparison) -> new GoldenTraining(bench, golden, comparison).adam(1e-2, 0.01, false));
        cases.put(
                "adamw",
                (bench, golden, comparison) -> new GoldenTraining(bench, golden, comparison).adam(1e-2, 0.01, true));
        cases.put("tower_d2_w16_se", (bench, golden, comparison) -> GoldenTower.run(bench, golden, comparison, true));
        cases.put(
                "tower_d2_w16_nose", (bench, golden, comparison) -> GoldenTower.run(bench, golden, comparison, false));
        return cases;
    }

    /** Names of the cases that are run. */
    static Iterable<String> names() {
        return cases().keySet();
    }
}
