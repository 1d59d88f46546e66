package keisei.checkpoint;

import java.util.List;

/**
 * A tensor on the host: float32, row-major in its logical shape. Two are equal when shape and bits are. The array is
 * not copied: whoever hands it over leaves it alone afterwards.
 */
public final class TensorData {
    private final List<Integer> shape;
    private final float[] values;

    /** @throws IllegalArgumentException when a size is negative or the array does not fit the shape */
    public TensorData(List<Integer> shape, float[] values) {
        this.shape = List.copyOf(shape);
        this.values = values;
        long count = count(this.shape);
        if (count != values.length) {
            throw new IllegalArgumentException(
                    "tensor of shape %s has %d elements, got %d".formatted(shape, count, values.length));
        }
    }

    /** Logical shape; empty for a scalar. */
    public List<Integer> shape() {
        return shape;
    }

    /** The elements, not a copy. */
    public float[] values() {
        return values;
    }

    static long count(List<Integer> shape) {
        long count = 1;
        for (int size : shape) {
            if (size < 0) {
                throw new IllegalArgumentException("shape " + shape + " has a negative size");
            }
            count = Math.multiplyExact(count, size);
        }
        return count;
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof TensorData that) || !shape.equals(that.shape)) {
            return false;
        }
        for (int i = 0; i < values.length; i++) {
            if (Float.floatToRawIntBits(values[i]) != Float.floatToRawIntBits(that.values[i])) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        return 31 * shape.hashCode() + values.length;
    }

    @Override
    public String toString() {
        return "F32" + shape;
    }
}
