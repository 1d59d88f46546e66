package keisei.golden;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;
import keisei.device.Device;
import keisei.device.reference.ReferenceDevice;
import keisei.tensor.Tape;
import org.junit.jupiter.api.DynamicTest;

/**
 * The golden cases as the network sees them: layers and policies on tapes, the optimizer, whole towers, for one kind
 * of device. Each test opens a device of its own, compares every result of its case and closes without leaks.
 */
public final class NetworkGoldenSuite {
    private NetworkGoldenSuite() {}

    private interface Run {
        void on(Workbench bench, GoldenCase golden);
    }

    /** The tests; {@code device} makes a fresh device, which the test closes. */
    public static Stream<DynamicTest> on(Supplier<Device> device) {
        return cases().entrySet().stream()
                .map(entry -> DynamicTest.dynamicTest(entry.getKey(), () -> {
                    try (Device opened = device.get();
                            Workbench bench = new Workbench(opened)) {
                        GoldenCase golden = golden(entry.getKey(), entry.getValue(), opened);
                        entry.getValue().on(bench, golden);
                        golden.assertEveryResultWasCompared();
                    }
                }));
    }

    private static GoldenCase golden(String name, Run run, Device device) {
        GoldenCase.Rule rule = GoldenCase.Rule.of(name, device);
        Map<String, double[]> roundedTruth = new LinkedHashMap<>();
        if (rule == GoldenCase.Rule.HALF) {
            // A whole network is compared where the same numbers are rounded: else a ReLU that flips decides.
            boolean network = name.startsWith("tower");
            try (Device reference = network ? ReferenceDevice.withHalfActivations() : new ReferenceDevice();
                    Workbench bench = new Workbench(reference)) {
                run.on(bench, new GoldenCase(name, GoldenCase.Rule.ROUNDED, roundedTruth));
            }
        }
        return new GoldenCase(name, rule, roundedTruth);
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
            cases.put(name, (bench, golden) -> new TapeLayers(bench, golden).convolution());
        }
        for (String name : new String[] {"bn_train", "bn_train_n1", "bn_eval"}) {
            cases.put(name, (bench, golden) -> new TapeLayers(bench, golden).batchNorm());
        }
        cases.put("se_c16", (bench, golden) -> new TapeLayers(bench, golden).squeezeExcite());
        cases.put("linear_162_x_37", (bench, golden) -> new TapeLayers(bench, golden).linear());
        cases.put("relu", (bench, golden) -> new TapeLayers(bench, golden).plain(Tape::relu));
        cases.put("tanh", (bench, golden) -> new TapeLayers(bench, golden).plain(Tape::tanh));
        cases.put("sigmoid", (bench, golden) -> new TapeLayers(bench, golden).plain(Tape::sigmoid));
        cases.put("masked_log_softmax", (bench, golden) -> new TapePolicy(bench, golden).logSoftmax());
        cases.put("masked_logp_of_action", (bench, golden) -> new TapePolicy(bench, golden).logProbabilityOfAction());
        for (String name : new String[] {"masked_entropy", "masked_entropy_13527"}) {
            cases.put(name, (bench, golden) -> new TapePolicy(bench, golden).entropy());
        }
        cases.put("clip_grad_norm_above", (bench, golden) -> new OptimizerSteps(bench, golden).clipping(0.5));
        cases.put("clip_grad_norm_below", (bench, golden) -> new OptimizerSteps(bench, golden).clipping(1000));
        cases.put("adam", (bench, golden) -> new OptimizerSteps(bench, golden).adam(1e-3, 0, false));
        cases.put("adam_l2", (bench, golden) -> new OptimizerSteps(bench, golden).adam(1e-2, 0.01, false));
        cases.put("adamw", (bench, golden) -> new OptimizerSteps(bench, golden).adam(1e-2, 0.01, true));
        cases.put("tower_d2_w16_se", (bench, golden) -> GoldenTower.run(bench, golden, true));
        cases.put("tower_d2_w16_nose", (bench, golden) -> GoldenTower.run(bench, golden, false));
        return cases;
    }
}
