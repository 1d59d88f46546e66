package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.driver.CUgraph;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;
import jcuda.runtime.cudaStream_t;
import org.jspecify.annotations.Nullable;

/** The device's one queue of work: copies, fills and launches run in the order of the calls. */
final class CudaStream implements AutoCloseable {
    private final CudaContext context;
    private final CUstream stream = new CUstream();
    private @Nullable LaunchListener listener;
    private boolean capturing;
    private boolean closed;

    CudaStream(CudaContext context) {
        this.context = context;
        context.makeCurrent();
        Driver.check(JCudaDriver.cuStreamCreate(stream, CUstream_flags.CU_STREAM_NON_BLOCKING), "cuStreamCreate");
    }

    /** The handle, for launches and libraries, with this thread's context set. */
    CUstream handle() {
        if (closed) {
            throw new CudaException("the stream of cuda:%d was used after it was closed".formatted(context.index()));
        }
        context.makeCurrent();
        return stream;
    }

    /** The handle as cuBLAS and cuDNN take it. */
    cudaStream_t libraryHandle() {
        return new cudaStream_t(handle());
    }

    /** Who hears of what is sent to the stream; null in ordinary runs. */
    @Nullable
    LaunchListener listener() {
        return listener;
    }

    /** Sets or, with null, removes the listener. */
    void listen(@Nullable LaunchListener heard) {
        listener = heard;
    }

    private void begins(String call, double bytes) {
        if (listener != null) {
            listener.begins(call, LaunchListener.UNKNOWN, bytes);
        }
    }

    private void ends() {
        if (listener != null) {
            listener.ends();
        }
    }

    /** Copies from native host memory, which must stay as it is until the copy is done. */
    void copyToDevice(MemorySegment source, long destination, long bytes) {
        if (bytes > 0) {
            begins("cuMemcpyHtoDAsync", bytes);
            int result = JCudaDriver.cuMemcpyHtoDAsync(
                    NativePointer.device(destination), NativePointer.of(source), bytes, handle());
            check(result, "cuMemcpyHtoDAsync", bytes);
            ends();
        }
    }

    /** Copies to native host memory, which holds the bytes after {@link #synchronize}. */
    void copyToHost(long source, MemorySegment destination, long bytes) {
        if (bytes > 0) {
            begins("cuMemcpyDtoHAsync", bytes);
            int result = JCudaDriver.cuMemcpyDtoHAsync(
                    NativePointer.of(destination), NativePointer.device(source), bytes, handle());
            check(result, "cuMemcpyDtoHAsync", bytes);
            ends();
        }
    }

    /** Copies inside the device. */
    void copy(long source, long destination, long bytes) {
        if (bytes > 0) {
            begins("cuMemcpyDtoDAsync", 2.0 * bytes);
            int result = JCudaDriver.cuMemcpyDtoDAsync(
                    NativePointer.device(destination), NativePointer.device(source), bytes, handle());
            check(result, "cuMemcpyDtoDAsync", bytes);
            ends();
        }
    }

    /** Sets bytes. */
    void fillBytes(long destination, byte value, long bytes) {
        if (bytes > 0) {
            begins("cuMemsetD8Async", bytes);
            int result = JCudaDriver.cuMemsetD8Async(NativePointer.device(destination), value, bytes, handle());
            check(result, "cuMemsetD8Async", bytes);
            ends();
        }
    }

    private static void check(int result, String call, long bytes) {
        if (result != 0) {
            throw Driver.failure(result, call, bytes + " bytes");
        }
    }

    /** Waits until all work is done. */
    void synchronize() {
        if (capturing) {
            throw new CudaException("work that is being recorded cannot be waited for");
        }
        Driver.check(JCudaDriver.cuStreamSynchronize(handle()), "cuStreamSynchronize");
    }

    /** Whether work is being recorded instead of run. */
    boolean isCapturing() {
        return capturing;
    }

    /** From now on this thread's work is recorded. */
    void beginCapture() {
        int mode = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        Driver.check(JCudaDriver.cuStreamBeginCapture(handle(), mode), "cuStreamBeginCapture");
        capturing = true;
    }

    /** Ends the recording. */
    CUgraph endCapture() {
        capturing = false;
        CUgraph graph = new CUgraph();
        Driver.check(JCudaDriver.cuStreamEndCapture(handle(), graph), "cuStreamEndCapture");
        return graph;
    }

    /** Ends a recording that failed; nothing of it stays. */
    void abandonCapture() {
        capturing = false;
        CUgraph graph = new CUgraph();
        // A recording that CUDA itself gave up returns an error and no graph.
        if (JCudaDriver.cuStreamEndCapture(handle(), graph) == 0) {
            Driver.check(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        }
    }

    /** Ends the stream; work in it is finished first. */
    @Override
    public void close() {
        CUstream open = handle();
        closed = true;
        Driver.check(JCudaDriver.cuStreamDestroy(open), "cuStreamDestroy");
    }
}
