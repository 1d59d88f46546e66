package keisei.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class GoldenTest {
    @TestFactory
    Stream<DynamicTest> theReferenceDeviceAgreesWithPyTorch() {
        return GoldenSuite.on(ReferenceDevice::new);
    }

    @TestFactory
    Stream<DynamicTest> theCpuDeviceAgreesWithPyTorch() {
        return GoldenSuite.on(() -> new CpuDevice(2));
    }

    @Test
    void everyCaseOfTheManifestIsRun() {
        assertThat(GoldenSuite.names()).containsExactlyInAnyOrderElementsOf(GoldenCase.allNames());
    }
}
