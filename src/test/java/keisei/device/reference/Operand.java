package keisei.device.reference;

/** A checked slice: open, of this device, of the wanted type and large enough. Indices count from its start. */
final class Operand {
    private final ReferenceBuffer.Storage storage;
    private final int offset;
    private final int length;

    Operand(ReferenceBuffer.Storage storage, int offset, int length) {
        this.storage = storage;
        this.offset = offset;
        this.length = length;
    }

    double get(int index) {
        return storage.get(at(index));
    }

    int getInt(int index) {
        return (int) storage.get(at(index));
    }

    void set(int index, double value) {
        storage.set(at(index), value);
    }

    void add(int index, double value) {
        set(index, get(index) + value);
    }

    /** Overwrites, or adds when {@code accumulate}. */
    void put(int index, double value, boolean accumulate) {
        set(index, accumulate ? get(index) + value : value);
    }

    private int at(int index) {
        if (index < 0 || index >= length) {
            throw new IndexOutOfBoundsException("index %d of an operand of %d elements".formatted(index, length));
        }
        return offset + index;
    }
}
