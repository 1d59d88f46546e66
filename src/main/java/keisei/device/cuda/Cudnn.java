package keisei.device.cuda;

import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnHandle;

/** cuDNN on the device's stream. */
final class Cudnn implements AutoCloseable {
    private final cudnnHandle handle = new cudnnHandle();

    Cudnn(CudaStream stream) {
        check(JCudnn.cudnnCreate(handle), "cudnnCreate", "");
        check(JCudnn.cudnnSetStream(handle, stream.libraryHandle()), "cudnnSetStream", "");
    }

    cudnnHandle handle() {
        return handle;
    }

    /** JCuda's own names of statuses are those of an older cuDNN, so the library is asked. */
    static void check(int status, String call, String sizes) {
        if (status != 0) {
            throw new CudaException(
                    "%s(%s) failed: %s (%d)".formatted(call, sizes, JCudnn.cudnnGetErrorString(status), status));
        }
    }

    @Override
    public void close() {
        check(JCudnn.cudnnDestroy(handle), "cudnnDestroy", "");
    }
}
