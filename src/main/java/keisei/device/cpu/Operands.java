package keisei.device.cpu;

import keisei.device.DType;
import keisei.device.Device;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** Checks operands and opens their arrays. An operand's first element is at its slice's offset. */
final class Operands {
    /** What stands for an operand that is not given. */
    static final float[] NONE = {};

    private final Device device;

    Operands(Device device) {
        this.device = device;
    }

    /** The array of an F32 operand of at least {@code needed} elements. */
    float[] floats(String name, Slice slice, long needed) {
        return open(name, slice, DType.F32, needed).floats();
    }

    /** Like {@link #floats}; {@link #NONE} for null. */
    float[] optionalFloats(String name, @Nullable Slice slice, long needed) {
        return slice == null ? NONE : floats(name, slice, needed);
    }

    /** Offset of an operand that may be missing. */
    static int offset(@Nullable Slice slice) {
        return slice == null ? 0 : slice.offset();
    }

    /** The array of an I32 operand of at least {@code needed} elements. */
    int[] ints(String name, Slice slice, long needed) {
        return open(name, slice, DType.I32, needed).ints();
    }

    /** The array of a U8 operand of at least {@code needed} elements. */
    byte[] bytes(String name, Slice slice, long needed) {
        return open(name, slice, DType.U8, needed).bytes();
    }

    /** The buffer of an operand of any type. */
    CpuBuffer open(String name, Slice slice, long needed) {
        return open(name, slice, slice.dtype(), needed);
    }

    private CpuBuffer open(String name, Slice slice, DType dtype, long needed) {
        if (!(slice.buffer() instanceof CpuBuffer buffer) || buffer.device() != device) {
            throw new IllegalArgumentException("%s: buffer '%s' belongs to device '%s', not to this '%s'"
                    .formatted(
                            name,
                            slice.buffer().owner(),
                            slice.buffer().device().name(),
                            device.name()));
        }
        if (buffer.dtype() != dtype) {
            throw new IllegalArgumentException("%s: buffer '%s' holds %s, and %s is needed"
                    .formatted(name, buffer.owner(), buffer.dtype(), dtype));
        }
        if (slice.length() < needed) {
            throw new IllegalArgumentException("%s: %d elements of buffer '%s', and %d are needed"
                    .formatted(name, slice.length(), buffer.owner(), needed));
        }
        return buffer;
    }

    /** A size that must be positive. */
    static void requirePositive(String name, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s is %d and must be at least 1".formatted(name, value));
        }
    }

    /** A count that must not be negative. */
    static void requireNotNegative(String name, int value) {
        if (value < 0) {
            throw new IllegalArgumentException("%s is %d and must not be negative".formatted(name, value));
        }
    }

    /** Operands whose lengths must be equal. */
    static void requireEqualLength(String name, Slice a, String otherName, Slice b) {
        if (a.length() != b.length()) {
            throw new IllegalArgumentException("%s has %d elements and %s has %d: they must be equal"
                    .formatted(name, a.length(), otherName, b.length()));
        }
    }
}
