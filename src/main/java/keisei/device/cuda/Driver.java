package keisei.device.cuda;

import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/** Results of the CUDA driver API. */
final class Driver {
    static final int OUT_OF_MEMORY = CUresult.CUDA_ERROR_OUT_OF_MEMORY;

    private Driver() {}

    /** Throws when a call did not succeed. */
    static void check(int result, String call) {
        if (result != CUresult.CUDA_SUCCESS) {
            throw failure(result, call, "");
        }
    }

    /** The exception for a call that did not succeed; {@code sizes} says what it was asked for. */
    static CudaException failure(int result, String call, String sizes) {
        String[] text = {null};
        JCudaDriver.cuGetErrorString(result, text);
        return new CudaException("%s%s failed: %s (%d)%s%s"
                .formatted(
                        call,
                        sizes.isEmpty() ? "" : "(" + sizes + ")",
                        CUresult.stringFor(result),
                        result,
                        text[0] == null ? "" : ", " + text[0],
                        isOfAKernel(result)
                                ? "; a kernel launched before this call failed, and the device must be closed"
                                : ""));
    }

    /** Failures that come from earlier, asynchronous work and end the context. */
    private static boolean isOfAKernel(int result) {
        return switch (result) {
            case CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED,
                    CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUresult.CUDA_ERROR_ASSERT -> true;
            default -> false;
        };
    }
}
