package keisei.device.reference;

import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;

/** Memory of the reference device: a Java array of the element type, behind numbers read and written as doubles. */
final class ReferenceBuffer implements DeviceBuffer {
    private final ReferenceDevice device;
    private final DType dtype;
    private final int length;
    private final String owner;
    private final Storage storage;
    private boolean closed;

    ReferenceBuffer(ReferenceDevice device, DType dtype, int length, String owner) {
        this.device = device;
        this.dtype = dtype;
        this.length = length;
        this.owner = owner;
        this.storage = switch (dtype) {
            case F64 -> new Reals(length);
            case I32 -> new Integers(length);
            case U8 -> new UnsignedBytes(length);
            case F32, F16 ->
                throw new IllegalArgumentException(
                        "the reference device has no %s memory ('%s'): allowed are F64, I32 and U8"
                                .formatted(dtype, owner));
        };
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

    long sizeBytes() {
        return (long) length * dtype.bytes();
    }

    /** The elements. @throws DeviceMemoryException after close */
    Storage storage() {
        if (closed) {
            throw new DeviceMemoryException(
                    "buffer '%s' of %d bytes is used after it was closed".formatted(owner, sizeBytes()));
        }
        return storage;
    }

    @Override
    public void close() {
        if (closed) {
            throw new DeviceMemoryException(
                    "buffer '%s' of %d bytes is closed a second time".formatted(owner, sizeBytes()));
        }
        closed = true;
        device.released(this);
    }

    /** Elements of one type, seen as doubles: exact for all three types. */
    sealed interface Storage permits Reals, Integers, UnsignedBytes {
        double get(int index);

        /** Integer types take the truncated value. */
        void set(int index, double value);
    }

    private static final class Reals implements Storage {
        private final double[] elements;

        Reals(int length) {
            elements = new double[length];
        }

        @Override
        public double get(int index) {
            return elements[index];
        }

        @Override
        public void set(int index, double value) {
            elements[index] = value;
        }
    }

    private static final class Integers implements Storage {
        private final int[] elements;

        Integers(int length) {
            elements = new int[length];
        }

        @Override
        public double get(int index) {
            return elements[index];
        }

        @Override
        public void set(int index, double value) {
            elements[index] = (int) value;
        }
    }

    private static final class UnsignedBytes implements Storage {
        private final byte[] elements;

        UnsignedBytes(int length) {
            elements = new byte[length];
        }

        @Override
        public double get(int index) {
            return Byte.toUnsignedInt(elements[index]);
        }

        @Override
        public void set(int index, double value) {
            elements[index] = (byte) (int) value;
        }
    }
}
