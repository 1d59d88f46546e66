package keisei.device.cuda;

import java.nio.file.Path;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.KernelGroupsConformanceTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Our kernels on the software device (or, in a self-test, on a GPU): with 16-byte accesses and without, in float32 and with float16 activations. */
class CudaKernelsConformanceTest {
    @TempDir
    static Path cache;

    /** Operands at multiples of 16 bytes. */
    private abstract static class Aligned extends KernelGroupsConformanceTest {
        abstract CudaOptions.Precision precision();

        @Override
        public DType activations() {
            return precision() == CudaOptions.Precision.F16 ? DType.F16 : DType.F32;
        }

        /** Everything is computed in float32 and rounded once: half a unit in the last place is 2^-11. */
        @Override
        public double roundedTolerance() {
            return 1e-3;
        }

        @Override
        public double tolerance() {
            return TestedCuda.tolerance(super.tolerance());
        }

        @Override
        public int leading() {
            return 16;
        }

        @Override
        public int mostThreads() {
            return 2;
        }

        @Override
        public Device open(int threads) {
            return CudaDevice.open(
                    TestedCuda.libraries(), TestedCuda.options(cache).withPrecision(precision()));
        }
    }

    @Nested
    class AlignedFloat32 extends Aligned {
        @Override
        CudaOptions.Precision precision() {
            return CudaOptions.Precision.F32;
        }
    }

    @Nested
    class AlignedFloat16 extends Aligned {
        @Override
        CudaOptions.Precision precision() {
            return CudaOptions.Precision.F16;
        }
    }

    @Nested
    class UnalignedFloat32 extends AlignedFloat32 {
        @Override
        public int leading() {
            return 5;
        }
    }

    @Nested
    class UnalignedFloat16 extends AlignedFloat16 {
        @Override
        public int leading() {
            return 5;
        }
    }
}
