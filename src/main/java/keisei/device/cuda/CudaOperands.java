package keisei.device.cuda;

import keisei.device.DType;
import keisei.device.Device;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** Checks operands of primitives. Each method returns the device address of the operand's first element. */
final class CudaOperands {
    private final Device device;
    private final CudaStream stream;

    /** @param stream whose listener is told of operands */
    CudaOperands(Device device, CudaStream stream) {
        this.device = device;
        this.stream = stream;
    }

    /** An F32 operand of at least {@code needed} elements. */
    long floats(String name, Slice slice, long needed) {
        return typed(name, slice, DType.F32, needed);
    }

    /** Like {@link #floats}; 0 for null. */
    long optionalFloats(String name, @Nullable Slice slice, long needed) {
        return slice == null ? 0 : floats(name, slice, needed);
    }

    /** An operand that is F32 or F16. */
    long reals(String name, Slice slice, long needed) {
        DType dtype = slice.dtype();
        if (dtype != DType.F32 && dtype != DType.F16) {
            throw new IllegalArgumentException("%s: buffer '%s' holds %s, and F32 or F16 is needed"
                    .formatted(name, slice.buffer().owner(), dtype));
        }
        return typed(name, slice, dtype, needed);
    }

    /** An operand of a given type. */
    long typed(String name, Slice slice, DType dtype, long needed) {
        if (slice.dtype() != dtype) {
            throw new IllegalArgumentException("%s: buffer '%s' holds %s, and %s is needed"
                    .formatted(name, slice.buffer().owner(), slice.dtype(), dtype));
        }
        if (slice.length() < needed) {
            throw new IllegalArgumentException("%s: %d elements of buffer '%s', and %d are needed"
                    .formatted(name, slice.length(), slice.buffer().owner(), needed));
        }
        long address = address(name, slice);
        LaunchListener listener = stream.listener();
        if (listener != null && needed > 0) {
            listener.operand(address, needed * dtype.bytes());
        }
        return address;
    }

    /** Like {@link #typed}; 0 for null. */
    long optionalTyped(String name, @Nullable Slice slice, DType dtype, long needed) {
        return slice == null ? 0 : typed(name, slice, dtype, needed);
    }

    /** An I32 operand. */
    long ints(String name, Slice slice, long needed) {
        return typed(name, slice, DType.I32, needed);
    }

    /** A U8 operand. */
    long bytes(String name, Slice slice, long needed) {
        return typed(name, slice, DType.U8, needed);
    }

    /** An operand of any type. */
    long address(String name, Slice slice) {
        if (!(slice.buffer() instanceof CudaBuffer buffer) || buffer.device() != device) {
            throw new IllegalArgumentException("%s: buffer '%s' belongs to device '%s', not to this '%s'"
                    .formatted(
                            name,
                            slice.buffer().owner(),
                            slice.buffer().device().name(),
                            device.name()));
        }
        long address = buffer.address() + (long) slice.offset() * slice.dtype().bytes();
        LaunchListener listener = stream.listener();
        if (listener != null) {
            listener.operand(address, (long) slice.length() * slice.dtype().bytes());
        }
        return address;
    }

    /** How names of kernels for this type end. */
    static String suffix(Slice slice) {
        return slice.dtype() == DType.F16 ? "_f16" : "_f32";
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
