package keisei.device.cuda;

import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasStatus;

/** cuBLAS on the device's stream. */
final class Cublas implements AutoCloseable {
    private final cublasHandle handle = new cublasHandle();

    Cublas(CudaStream stream) {
        check(JCublas2.cublasCreate(handle), "cublasCreate", "");
        check(JCublas2.cublasSetStream(handle, stream.libraryHandle()), "cublasSetStream", "");
    }

    cublasHandle handle() {
        return handle;
    }

    static void check(int status, String call, String sizes) {
        if (status != 0) {
            throw new CudaException(
                    "%s(%s) failed: %s (%d)".formatted(call, sizes, cublasStatus.stringFor(status), status));
        }
    }

    @Override
    public void close() {
        check(JCublas2.cublasDestroy(handle), "cublasDestroy", "");
    }
}
