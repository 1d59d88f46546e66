package keisei.selftest;

import java.util.stream.Stream;
import keisei.device.DType;
import keisei.golden.NetworkGoldenSuite;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** The golden data on the device that the self-test was asked for. */
@EnabledIfSystemProperty(named = TestedDevice.PROPERTY, matches = ".+")
class TestedDeviceGoldenTest {
    @TestFactory
    Stream<DynamicTest> networksAgreeWithPyTorchInFloat32() {
        return on(DType.F32);
    }

    @TestFactory
    @EnabledIfSystemProperty(named = TestedDevice.PROPERTY, matches = "cuda.*")
    Stream<DynamicTest> networksAgreeWithPyTorchInFloat16() {
        return on(DType.F16);
    }

    private static Stream<DynamicTest> on(DType activations) {
        String self = TestedDeviceGoldenTest.class.getName();
        return NetworkGoldenSuite.on(() -> TestedDevice.open(activations))
                .filter(test -> TestedDevice.isWanted(self + " " + test.getDisplayName()));
    }
}
