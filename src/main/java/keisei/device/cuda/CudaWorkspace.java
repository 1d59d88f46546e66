package keisei.device.cuda;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import org.jspecify.annotations.Nullable;

/**
 * Device memory that a primitive uses only inside its own calls. It grows in the first call that needs more. Recorded
 * graphs keep using the memory that it had before, so that stays as long as there are recordings.
 */
final class CudaWorkspace implements AutoCloseable {
    /** Arrays inside a workspace begin at multiples of 16 bytes. */
    private static final int ALIGNMENT_FLOATS = 4;

    private final CudaMemory memory;
    private final String owner;
    private final List<CudaBuffer> outgrown = new ArrayList<>();
    private @Nullable CudaBuffer buffer;
    private long usedFloats;

    /** @param owner for the memory account; begins with {@code workspace} */
    CudaWorkspace(CudaMemory memory, String owner) {
        this.memory = memory;
        this.owner = owner;
    }

    /** One array of so many bytes; its address is a multiple of 256. No bytes have the address 0. */
    long address(long bytes) {
        if (bytes == 0) {
            return 0;
        }
        begin(Math.ceilDiv(bytes, Float.BYTES), 1);
        return take(Math.ceilDiv(bytes, Float.BYTES));
    }

    /** Starts over with room for so many floats, of all arrays together, and {@code arrays} arrays. */
    void begin(long floats, int arrays) {
        long needed = floats + (long) arrays * ALIGNMENT_FLOATS;
        CudaBuffer current = buffer;
        if (current == null || needed > current.length()) {
            grow(current, needed);
        }
        usedFloats = 0;
    }

    private void grow(@Nullable CudaBuffer current, long needed) {
        boolean replayed = memory.recordings().any();
        long floats = needed;
        if (current != null) {
            buffer = null;
            outgrown.add(current);
            if (replayed) {
                // At least twice as much, so that what was outgrown is less than what is used.
                floats = Math.max(needed, Math.min(Integer.MAX_VALUE, 2L * current.length()));
            }
        }
        if (!replayed) {
            outgrown.forEach(CudaBuffer::close);
            outgrown.clear();
        }
        buffer = memory.allocate(DType.F32, Math.toIntExact(floats), owner);
    }

    /** The next array of the room that was asked for. */
    long take(long floats) {
        CudaBuffer current = buffer;
        long capacity = current == null ? 0 : current.length();
        long start = usedFloats;
        usedFloats += Math.ceilDiv(floats, (long) ALIGNMENT_FLOATS) * ALIGNMENT_FLOATS;
        if (current == null || usedFloats > capacity) {
            throw new IllegalStateException("%s: %d floats taken of %d".formatted(owner, usedFloats, capacity));
        }
        return current.address() + start * Float.BYTES;
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
