package keisei.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import keisei.selftest.TestedDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.Parameter;

/** What golden tests share: the devices, one of which is opened for each test and checked for leaks after it. */
@SuppressWarnings("NullAway.Init") // fields are set by JUnit before each test
abstract class DeviceGoldenTests {
    static final Set<String> CASES_TESTED_ELSEWHERE =
            Set.of("gae", "gae_alternating", "gae_truncation", "tower_d2_w16_se", "tower_d2_w16_nose");
    static final Set<String> CASES_TESTED_HERE = Set.of(
            "conv3x3_c5_k7_bias",
            "conv3x3_c46_k16",
            "conv3x3_c16_k24_n1",
            "conv3x3_c64_k64",
            "conv1x1_c16_k2",
            "conv1x1_c16_k1_bias",
            "bn_train",
            "bn_train_n1",
            "bn_eval",
            "se_c16",
            "linear_162_x_37",
            "relu",
            "tanh",
            "sigmoid",
            "masked_log_softmax",
            "masked_logp_of_action",
            "masked_entropy",
            "masked_entropy_13527",
            "ppo_policy_loss",
            "value_loss_plain",
            "value_loss_clipped",
            "normalize_adv",
            "clip_grad_norm_above",
            "clip_grad_norm_below",
            "adam",
            "adam_l2",
            "adamw");

    @Parameter
    Supplier<Device> supplier;

    DeviceRig rig;
    Device device;

    static Stream<Named<Supplier<Device>>> devices() {
        if (TestedDevice.isChosen()) {
            return Stream.of(Named.of("float32", () -> TestedDevice.open(DType.F32)));
        }
        return Stream.of(
                Named.of("reference", ReferenceDevice::new),
                Named.of("cpu with 1 thread", () -> new CpuDevice(1)),
                Named.of("cpu with 2 threads", () -> new CpuDevice(2)));
    }

    @BeforeEach
    void openDevice() {
        device = supplier.get();
        rig = new DeviceRig(device);
    }

    @AfterEach
    void closeDevice() {
        rig.close();
    }

    final GoldenCase golden(String name) {
        assertThat(CASES_TESTED_HERE).contains(name);
        return new GoldenCase(name, device);
    }
}
