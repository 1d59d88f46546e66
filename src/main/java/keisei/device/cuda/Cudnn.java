package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnHandle;
import keisei.device.DType;

/** cuDNN on the device's stream. */
final class Cudnn implements AutoCloseable {
    /** From cuDNN 9 on; JCuda's constants are those of cuDNN 8. */
    static final int NOT_SUPPORTED = 3000;

    private static final int MOST_NOT_SUPPORTED = 3999;

    private final CudaContext context;
    private final NativeCalls calls;
    private final Handle handle = new Handle();
    private final Arena arena = Arena.ofShared();
    private final Pointer one;
    private final Pointer zero;

    private static final class Handle extends cudnnHandle {
        MemorySegment address() {
            return MemorySegment.ofAddress(getNativePointer());
        }
    }

    /** @param calls functions that JCuda lacks or binds wrongly */
    Cudnn(CudaContext context, CudaStream stream, NativeCalls calls) {
        this.context = context;
        this.calls = calls;
        MemorySegment constants = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0);
        one = NativePointer.of(constants);
        zero = NativePointer.of(constants.asSlice(Float.BYTES));
        check(JCudnn.cudnnCreate(handle), "cudnnCreate", "");
        check(JCudnn.cudnnSetStream(handle, stream.libraryHandle()), "cudnnSetStream", "");
    }

    /** The handle, with this thread's context set. */
    cudnnHandle handle() {
        context.makeCurrent();
        return handle;
    }

    /** The handle for {@link #calls}. */
    MemorySegment handleAddress() {
        context.makeCurrent();
        return handle.address();
    }

    NativeCalls calls() {
        return calls;
    }

    /** The float 1 in host memory. */
    Pointer one() {
        return one;
    }

    /** The float 0 in host memory. */
    Pointer zero() {
        return zero;
    }

    static int type(DType dtype) {
        return dtype == DType.F16 ? cudnnDataType.CUDNN_DATA_HALF : cudnnDataType.CUDNN_DATA_FLOAT;
    }

    /** Whether a status says that this cuDNN has no way to do it, as opposed to a mistake in the call. */
    static boolean isUnsupported(int status) {
        return status >= NOT_SUPPORTED && status <= MOST_NOT_SUPPORTED;
    }

    /** Throws when a call did not succeed. JCuda's own names are of an older cuDNN, so the library is asked. */
    static void check(int status, String call, String sizes) {
        if (status != 0) {
            throw new CudaException(
                    "%s(%s) failed: %s (%d)".formatted(call, sizes, JCudnn.cudnnGetErrorString(status), status));
        }
    }

    @Override
    public void close() {
        check(JCudnn.cudnnDestroy(handle), "cudnnDestroy", "");
        arena.close();
    }
}
