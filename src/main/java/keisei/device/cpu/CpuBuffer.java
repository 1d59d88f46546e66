package keisei.device.cpu;

import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;

/** Memory of the CPU device: a heap array of its element type. */
final class CpuBuffer implements DeviceBuffer {
    private static final float[] NO_FLOATS = {};
    private static final int[] NO_INTS = {};
    private static final byte[] NO_BYTES = {};

    private final CpuMemory memory;
    private final DType dtype;
    private final int length;
    private final String owner;
    private float[] floats = NO_FLOATS;
    private int[] ints = NO_INTS;
    private byte[] bytes = NO_BYTES;
    private boolean closed;

    CpuBuffer(CpuMemory memory, DType dtype, int length, String owner) {
        this.memory = memory;
        this.dtype = dtype;
        this.length = length;
        this.owner = owner;
        switch (dtype) {
            case F32 -> floats = new float[length];
            case I32 -> ints = new int[length];
            case U8 -> bytes = new byte[length];
            case F64, F16 ->
                throw new IllegalArgumentException(
                        "memory for '%s': the CPU device holds F32, I32 and U8, not %s".formatted(owner, dtype));
        }
    }

    @Override
    public Device device() {
        return memory.device();
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public int length() {
        return length;
    }

    @Override
    public String owner() {
        return owner;
    }

    @Override
    public boolean isClosed() {
        return closed;
    }

    /** Size in bytes. */
    long sizeBytes() {
        return (long) length * dtype.bytes();
    }

    /** The array of an F32 buffer. @throws DeviceMemoryException when closed */
    float[] floats() {
        requireOpen();
        return floats;
    }

    /** The array of an I32 buffer. @throws DeviceMemoryException when closed */
    int[] ints() {
        requireOpen();
        return ints;
    }

    /** The array of a U8 buffer. @throws DeviceMemoryException when closed */
    byte[] bytes() {
        requireOpen();
        return bytes;
    }

    private void requireOpen() {
        if (closed) {
            throw new DeviceMemoryException(
                    "buffer '%s' (%d %s) was used after it was closed".formatted(owner, length, dtype));
        }
    }

    @Override
    public void close() {
        if (closed) {
            throw new DeviceMemoryException("buffer '%s' (%d %s) was closed twice".formatted(owner, length, dtype));
        }
        closed = true;
        floats = NO_FLOATS;
        ints = NO_INTS;
        bytes = NO_BYTES;
        memory.released(this);
    }
}
