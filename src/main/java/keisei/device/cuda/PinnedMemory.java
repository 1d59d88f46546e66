package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.driver.JCudaDriver;

/** Host memory that the device reads and writes directly. */
final class PinnedMemory implements AutoCloseable {
    private final CudaContext context;
    private final NativePointer pointer = new NativePointer(0);
    private final MemorySegment segment;
    private boolean closed;

    /** @param owner for messages */
    @SuppressWarnings("restricted")
    PinnedMemory(CudaContext context, long bytes, String owner) {
        this.context = context;
        context.makeCurrent();
        int result = JCudaDriver.cuMemHostAlloc(pointer, bytes, 0);
        if (result != 0) {
            throw Driver.failure(result, "cuMemHostAlloc", "%d bytes for '%s'".formatted(bytes, owner));
        }
        segment = MemorySegment.ofAddress(pointer.address()).reinterpret(bytes);
    }

    /** The memory. */
    MemorySegment segment() {
        if (closed) {
            throw new CudaException("pinned memory was used after it was closed");
        }
        return segment;
    }

    @Override
    public void close() {
        if (closed) {
            throw new CudaException("pinned memory was closed twice");
        }
        closed = true;
        context.makeCurrent();
        Driver.check(JCudaDriver.cuMemFreeHost(pointer), "cuMemFreeHost");
    }
}
