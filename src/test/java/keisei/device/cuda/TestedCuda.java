package keisei.device.cuda;

import java.nio.file.Path;
import keisei.selftest.TestedDevice;

/** Where tests find their CUDA device: on the software device, or on the GPU that the self-test was asked for. */
final class TestedCuda {
    /** Of GPUs: their libraries sum in orders of their own, in float32. */
    private static final double GPU_TOLERANCE = 2e-5;

    private TestedCuda() {}

    /** Whether it is a GPU: results of different algorithms differ there. */
    static boolean isGpu() {
        return TestedDevice.isCuda();
    }

    static CudaLibraries libraries() {
        return isGpu() ? TestedDevice.libraries() : SoftwareCuda.libraries();
    }

    /** Options with a cache folder of the test. */
    static CudaOptions options(Path cache) {
        return (isGpu() ? TestedDevice.options() : CudaOptions.defaults()).withCache(cache);
    }

    /** The relative L2 distance from float64 that float32 results may have. @param software of the software device */
    static double tolerance(double software) {
        return isGpu() ? GPU_TOLERANCE : software;
    }
}
