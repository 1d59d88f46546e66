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
        return NetworkGoldenSuite.on(() -> TestedDevice.open(DType.F32));
    }

    @TestFactory
    @EnabledIfSystemProperty(named = TestedDevice.PROPERTY, matches = "cuda.*")
    Stream<DynamicTest> networksAgreeWithPyTorchInFloat16() {
        return NetworkGoldenSuite.on(() -> TestedDevice.open(DType.F16));
    }
}
