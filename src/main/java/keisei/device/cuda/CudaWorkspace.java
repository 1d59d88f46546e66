package keisei.device.cuda;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import org.jspecify.annotations.Nullable;

/**
 * Scratch memory that grows to what the largest operation needs and then stays. A recording keeps its addresses, so a
 * piece that was outgrown is kept while there are recordings. Contents last for one primitive.
 */
final class CudaWorkspace implements AutoCloseable {
    private static final String OWNER = "workspaces";
    private static final long GRAIN_BYTES = 512;

    private final CudaMemory memory;
    private final CudaRecordings recordings;
    private final List<CudaBuffer> outgrown = new ArrayList<>();
    private @Nullable CudaBuffer buffer;

    CudaWorkspace(CudaMemory memory, CudaRecordings recordings) {
        this.memory = memory;
        this.recordings = recordings;
    }

    /** The address of at least so many bytes, a multiple of 256; 0 for none. */
    long address(long bytes) {
        if (bytes == 0) {
            return 0;
        }
        CudaBuffer current = buffer;
        if (current == null || current.sizeBytes() < bytes) {
            current = grow(current, bytes);
            buffer = current;
        }
        return current.address();
    }

    private CudaBuffer grow(@Nullable CudaBuffer old, long bytes) {
        if (!recordings.any()) {
            outgrown.forEach(CudaBuffer::close);
            outgrown.clear();
            if (old != null) {
                buffer = null;
                old.close();
            }
        } else if (old != null) {
            outgrown.add(old);
        }
        long grains = Math.ceilDiv(bytes, GRAIN_BYTES);
        return memory.allocate(DType.F32, Math.toIntExact(grains * (GRAIN_BYTES / Float.BYTES)), OWNER);
    }

    @Override
    public void close() {
        outgrown.forEach(CudaBuffer::close);
        outgrown.clear();
        if (buffer != null) {
            buffer.close();
            buffer = null;
        }
    }
}
