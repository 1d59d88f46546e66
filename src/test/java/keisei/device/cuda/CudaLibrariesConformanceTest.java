package keisei.device.cuda;

import java.nio.file.Path;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.LibraryGroupsConformanceTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Convolutions and linear layers on the software device: every path, at aligned addresses and at odd ones. */
class CudaLibrariesConformanceTest {
    @TempDir
    static Path cache;

    private abstract static class Suite extends LibraryGroupsConformanceTest {
        private final CudaOptions.Precision precision;
        private final CudaOptions.ConvPath path;
        private final int leading;

        Suite(CudaOptions.Precision precision, CudaOptions.ConvPath path, int leading) {
            this.precision = precision;
            this.path = path;
            this.leading = leading;
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
            return 2;
        }

        @Override
        public Device open(int threads) {
            CudaOptions options = CudaOptions.defaults()
                    .withPrecision(precision)
                    .withConvPath(path)
                    .withCache(cache)
                    // The second run takes cuDNN's rules in place of measurements.
                    .withDeterministic(threads == 2);
            return CudaDevice.open(SoftwareCuda.libraries(), options);
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
}
