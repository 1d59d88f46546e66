package keisei.device.reference;

import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;

/** One allocation: a {@code double[]} (also of rounded numbers), {@code int[]} or {@code byte[]}, by type. */
final class ReferenceBuffer implements DeviceBuffer {
    private final ReferenceDevice device;
    private final DType dtype;
    private final int length;
    private final String owner;
    private final double[] reals;
    private final int[] ints;
    private final byte[] bytes;
    private boolean closed;

    ReferenceBuffer(ReferenceDevice device, DType dtype, int length, String owner) {
        this.device = device;
        this.dtype = dtype;
        this.length = length;
        this.owner = owner;
        this.reals = new double[dtype.isReal() ? length : 0];
        this.ints = new int[dtype == DType.I32 ? length : 0];
        this.bytes = new byte[dtype == DType.U8 ? length : 0];
    }

    @Override
    public Device device() {
        return device;
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

    @Override
    public void close() {
        if (closed) {
            throw new DeviceMemoryException("buffer '%s' (%d x %s) is closed twice".formatted(owner, length, dtype));
        }
        closed = true;
        device.released(this);
    }

    double[] reals() {
        return reals;
    }

    int[] ints() {
        return ints;
    }

    byte[] bytes() {
        return bytes;
    }

    long sizeBytes() {
        return (long) length * dtype.bytes();
    }
}
