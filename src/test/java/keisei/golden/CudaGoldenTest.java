package keisei.golden;

import java.util.stream.Stream;
import keisei.device.cuda.CudaOptions;
import keisei.device.cuda.SoftwareCuda;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The golden cases on the software CUDA device. */
class CudaGoldenTest {
    @TestFactory
    Stream<DynamicTest> inFloat32ItAgreesWithPyTorch() {
        return NetworkGoldenSuite.on(() -> SoftwareCuda.open(options -> options));
    }

    @TestFactory
    Stream<DynamicTest> inHalfPrecisionItAgreesWithPyTorch() {
        return NetworkGoldenSuite.on(
                () -> SoftwareCuda.open(options -> options.withPrecision(CudaOptions.Precision.F16)));
    }
}
