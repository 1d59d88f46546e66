package keisei.optim;

import static keisei.golden.Workbench.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.function.Supplier;
import java.util.stream.Stream;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.device.Slice;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import keisei.golden.Workbench;
import keisei.tensor.HostTransfer;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AdamOptimizerTest {
    private static final AdamSettings PLAIN = new AdamSettings(0.9, 0.999, 1e-8, 0, false, 0);

    static Stream<Named<Supplier<Device>>> devices() {
        return Stream.of(Named.of("reference", ReferenceDevice::new), Named.of("cpu", () -> new CpuDevice(2)));
    }

    @ParameterizedTest
    @MethodSource("devices")
    void theFirstStepGoesTheLearningRateAgainstTheGradientsSign(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device)) {
            Slice parameters = bench.reals(1, 1, 1);
            try (AdamOptimizer adam = new AdamOptimizer(device, PLAIN, parameters, bench.reals(3, -4, 0))) {
                adam.step(0.01);

                assertThat(read(parameters)).containsExactly(new double[] {0.99, 1.01, 1}, within(1e-6));
                assertThat(adam.gradientNorm()).isEqualTo(5, within(1e-6));
                assertThat(adam.appliedSteps()).isEqualTo(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aGradientThatIsNotFiniteChangesNothingAndIsNotCounted(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device)) {
            for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
                Slice parameters = bench.reals(1, 2);
                Slice gradients = bench.reals(1, 1);
                try (AdamOptimizer adam = new AdamOptimizer(device, PLAIN, parameters, gradients)) {
                    adam.step(0.1);
                    double[] before = read(parameters);
                    double[] moments = read(adam.moment2());

                    HostTransfer.write(gradients, new double[] {1, bad});
                    adam.step(0.1);

                    assertThat(read(parameters)).isEqualTo(before);
                    assertThat(read(adam.moment2())).isEqualTo(moments);
                    assertThat(adam.appliedSteps()).isEqualTo(1);
                    assertThat(adam.gradientNorm()).isNotFinite();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void restoredMomentsAndStepsContinueBitForBit(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device)) {
            Slice gradients = bench.reals(0.3, -0.2, 0.5);
            Slice whole = bench.reals(1, 2, 3);
            Slice resumed = bench.zeros(3);
            try (AdamOptimizer one = new AdamOptimizer(device, PLAIN, whole, gradients);
                    AdamOptimizer two = new AdamOptimizer(device, PLAIN, resumed, gradients)) {
                one.step(1e-2);
                one.step(1e-2);
                device.elementwise().copy(whole, resumed);
                device.elementwise().copy(one.moment1(), two.moment1());
                device.elementwise().copy(one.moment2(), two.moment2());
                two.restoreAppliedSteps(one.appliedSteps());

                one.step(1e-3);
                two.step(1e-3);

                assertThat(read(resumed)).isEqualTo(read(whole));
                one.zeroGradients();
                assertThat(read(gradients)).containsOnly(0);
            }
            assertThat(device.memory().bytesByOwner()).doesNotContainKey("optimizer");
        }
    }

    @Test
    void badSettingsAreAllNamed() {
        try (Device device = new ReferenceDevice();
                Workbench bench = new Workbench(device)) {
            AdamSettings bad = new AdamSettings(1, -0.1, 0, -1, false, 0);

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new AdamOptimizer(device, bad, bench.zeros(2), bench.zeros(2)))
                    .withMessageContaining("beta1 1.0")
                    .withMessageContaining("beta2 -0.1")
                    .withMessageContaining("epsilon 0.0")
                    .withMessageContaining("weightDecay -1.0");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new AdamOptimizer(device, PLAIN, bench.zeros(2), bench.zeros(3)))
                    .withMessageContaining("2 parameters but 3 gradients");
        }
    }
}
