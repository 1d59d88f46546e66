package keisei.device.cuda;

import java.nio.file.Path;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.LibraryGroupsConformanceTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Convolutions and linear layers on the software device: every path, at aligned addresses and at odd ones. */
class CudaLibrariesConformanceTest {
    @TempDir
    static Path cache;

    private abstract static class Suite extends LibraryGroupsConformanceTest {
        private final CudaOptions.Precision precision;
        private final CudaOptions.ConvPath path;
        private final int leading;
        private final boolean deterministic;

        Suite(CudaOptions.Precision precision, CudaOptions.ConvPath path, int leading) {
            this(precision, path, leading, false);
        }

        Suite(CudaOptions.Precision precision, CudaOptions.ConvPath path, int leading, boolean deterministic) {
            this.precision = precision;
            this.path = path;
            this.leading = leading;
            this.deterministic = deterministic;
        }

        @Override
        public DType activations() {
            return precision == CudaOptions.Precision.F16 ? DType.F16 : DType.F32;
        }

        @Override
        public int leading() {
            return leading;
        }

        @Override
        public int mostThreads() {
            return TestedCuda.isGpu() && !deterministic ? 1 : 2;
        }

        @Override
        public double tolerance() {
            return TestedCuda.tolerance(super.tolerance());
        }

        @Override
        public Device open(int threads) {
            CudaOptions options = TestedCuda.options(cache)
                    .withPrecision(precision)
                    .withConvPath(path)
                    // On the software device the second run takes cuDNN's rules in place of measurements; on a GPU
                    // the two choose different algorithms, and two runs are the same only without measurements.
                    .withDeterministic(deterministic || threads == 2);
            return CudaDevice.open(TestedCuda.libraries(), options);
        }
    }

    @Nested
    class LegacyFloat32 extends Suite {
        LegacyFloat32() {
            super(CudaOptions.Precision.F32, CudaOptions.ConvPath.LEGACY, 16);
        }
    }

    @Nested
    class LegacyFloat32AtOddAddresses extends Suite {
        LegacyFloat32AtOddAddresses() {
            super(CudaOptions.Precision.F32, CudaOptions.ConvPath.LEGACY, 5);
        }
    }

    @Nested
    class LegacyFloat16 extends Suite {
        LegacyFloat16() {
            super(CudaOptions.Precision.F16, CudaOptions.ConvPath.LEGACY, 16);
        }
    }

    @Nested
    class LegacyFloat16AtOddAddresses extends Suite {
        LegacyFloat16AtOddAddresses() {
            super(CudaOptions.Precision.F16, CudaOptions.ConvPath.LEGACY, 5);
        }
    }

    @Nested
    class AutomaticFloat32 extends Suite {
        AutomaticFloat32() {
            super(CudaOptions.Precision.F32, CudaOptions.ConvPath.AUTO, 16);
        }
    }

    @Nested
    class AutomaticFloat16 extends Suite {
        AutomaticFloat16() {
            super(CudaOptions.Precision.F16, CudaOptions.ConvPath.AUTO, 5);
        }
    }

    @Nested
    class GraphsFloat32 extends Suite {
        GraphsFloat32() {
            super(CudaOptions.Precision.F32, CudaOptions.ConvPath.GRAPH, 16);
        }
    }

    @Nested
    class GraphsFloat16 extends Suite {
        GraphsFloat16() {
            super(CudaOptions.Precision.F16, CudaOptions.ConvPath.GRAPH, 16);
        }
    }

    @Nested
    @EnabledIf("keisei.device.cuda.TestedCuda#isGpu")
    class DeterministicFloat32 extends Suite {
        DeterministicFloat32() {
            super(CudaOptions.Precision.F32, CudaOptions.ConvPath.AUTO, 16, true);
        }
    }

    @Nested
    @EnabledIf("keisei.device.cuda.TestedCuda#isGpu")
    class DeterministicFloat16 extends Suite {
        DeterministicFloat16() {
            super(CudaOptions.Precision.F16, CudaOptions.ConvPath.AUTO, 16, true);
        }
    }
}
