package keisei.device;

/**
 * A contiguous range of a {@link DeviceBuffer}: the operand of every primitive. A view without ownership: it is
 * valid as long as its buffer is open. Shapes are arguments of the primitives; arrays are row-major.
 *
 * @param buffer the memory
 * @param offset first element
 * @param length number of elements
 */
public record Slice(DeviceBuffer buffer, int offset, int length) {
    /** @throws IndexOutOfBoundsException when the range is not inside the buffer */
    public Slice {
        if (offset < 0 || length < 0 || offset > buffer.length() - length) {
            throw new IndexOutOfBoundsException("slice [%d, %d+%d) lies outside buffer '%s' of %d elements"
                    .formatted(offset, offset, length, buffer.owner(), buffer.length()));
        }
    }

    /** The element type. */
    public DType dtype() {
        return buffer.dtype();
    }

    /** A range of this slice; {@code from} counts from its first element. */
    public Slice range(int from, int count) {
        if (from < 0 || count < 0 || from > length - count) {
            throw new IndexOutOfBoundsException("range [%d, %d+%d) lies outside a slice of %d elements of buffer '%s'"
                    .formatted(from, from, count, length, buffer.owner()));
        }
        return new Slice(buffer, offset + from, count);
    }
}
