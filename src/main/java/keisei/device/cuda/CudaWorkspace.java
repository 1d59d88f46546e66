package keisei.device.cuda;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;

/**
 * Device memory that a primitive uses only inside its own calls. It grows in the first call that needs more; the memory
 * that it had before stays until {@link #close}, since recorded graphs still use it.
 */
final class CudaWorkspace implements AutoCloseable {
    /** Arrays inside a workspace begin at multiples of 16 bytes. */
    private static final int ALIGNMENT_FLOATS = 4;

    private final CudaMemory memory;
    private final String owner;
    private final List<CudaBuffer> buffers = new ArrayList<>();
    private long capacityFloats;
    private long address;
    private long usedFloats;

    CudaWorkspace(CudaMemory memory, String owner) {
        this.memory = memory;
        this.owner = owner;
    }

    /** Starts over with room for so many floats, of all arrays together, and {@code arrays} arrays. */
    void begin(long floats, int arrays) {
        long needed = floats + (long) arrays * ALIGNMENT_FLOATS;
        if (needed > capacityFloats) {
            // At least twice as much, so that what was outgrown is less than what is used.
            CudaBuffer buffer = memory.allocate(
                    DType.F32,
                    Math.toIntExact(Math.min(Integer.MAX_VALUE, Math.max(needed, 2 * capacityFloats))),
                    owner);
            buffers.add(buffer);
            capacityFloats = buffer.length();
            address = buffer.address();
        }
        usedFloats = 0;
    }

    /** The next array of the room that was asked for. */
    long take(long floats) {
        long start = address + usedFloats * Float.BYTES;
        usedFloats += Math.ceilDiv(floats, (long) ALIGNMENT_FLOATS) * ALIGNMENT_FLOATS;
        if (usedFloats > capacityFloats) {
            throw new IllegalStateException(
                    "workspace '%s': %d floats taken of %d".formatted(owner, usedFloats, capacityFloats));
        }
        return start;
    }

    @Override
    public void close() {
        buffers.forEach(CudaBuffer::close);
        buffers.clear();
        capacityFloats = 0;
    }
}
