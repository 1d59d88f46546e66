package keisei.golden;

import java.util.stream.Stream;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

class NetworkGoldenTest {
    @TestFactory
    Stream<DynamicTest> theReferenceDeviceAgreesWithPyTorch() {
        return NetworkGoldenSuite.on(ReferenceDevice::new);
    }

    @TestFactory
    Stream<DynamicTest> theCpuDeviceAgreesWithPyTorch() {
        return NetworkGoldenSuite.on(() -> new CpuDevice(2));
    }
}
