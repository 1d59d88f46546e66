package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import keisei.device.DeviceMemoryException;
import keisei.device.Readback;
import keisei.device.Slice;

/** Pinned memory that the stream copies into, and a mark behind the copy: only that mark is waited for. */
final class CudaReadback implements Readback {
    private final CudaRuntime runtime;
    private final PinnedMemory memory;
    private final CudaEvent arrived;
    private boolean closed;

    CudaReadback(CudaRuntime runtime, long bytes) {
        this.runtime = runtime;
        memory = new PinnedMemory(runtime.context(), bytes, "readback");
        arrived = CudaEvent.forWaiting();
    }

    @Override
    public void start(Slice source) {
        requireOpen();
        long bytes = (long) source.length() * source.dtype().bytes();
        MemorySegment target = memory.segment();
        if (bytes > target.byteSize()) {
            throw new IllegalArgumentException("readback of %d bytes: '%s' has %d"
                    .formatted(target.byteSize(), source.buffer().owner(), bytes));
        }
        runtime.stream().copyToHost(runtime.operands().address("source", source), target, bytes);
        arrived.record(runtime.stream());
    }

    @Override
    public MemorySegment await() {
        requireOpen();
        arrived.synchronize();
        return memory.segment();
    }

    private void requireOpen() {
        if (closed) {
            throw new DeviceMemoryException("a readback was used after it was closed");
        }
    }

    @Override
    public void close() {
        if (closed) {
            throw new DeviceMemoryException("a readback was closed twice");
        }
        // The device may still be writing.
        arrived.synchronize();
        closed = true;
        arrived.close();
        memory.close();
    }
}
