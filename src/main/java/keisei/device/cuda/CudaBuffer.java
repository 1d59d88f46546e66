package keisei.device.cuda;

import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;

/** One allocation of a GPU's memory. */
final class CudaBuffer implements DeviceBuffer {
    private final CudaMemory memory;
    private final DType dtype;
    private final int length;
    private final String owner;
    private final long address;
    private boolean closed;

    CudaBuffer(CudaMemory memory, DType dtype, int length, String owner, long address) {
        this.memory = memory;
        this.dtype = dtype;
        this.length = length;
        this.owner = owner;
        this.address = address;
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

    /** Device address of the first element. @throws DeviceMemoryException when closed */
    long address() {
        if (closed) {
            throw new DeviceMemoryException(
                    "buffer '%s' (%d %s) was used after it was closed".formatted(owner, length, dtype));
        }
        return address;
    }

    @Override
    public void close() {
        if (closed) {
            throw new DeviceMemoryException("buffer '%s' (%d %s) was closed twice".formatted(owner, length, dtype));
        }
        memory.release(this);
        closed = true;
    }
}
