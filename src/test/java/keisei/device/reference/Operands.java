package keisei.device.reference;

import keisei.device.DType;
import keisei.device.DeviceMemoryException;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** Checks operands of one device and opens them. */
final class Operands {
    private final ReferenceDevice device;

    Operands(ReferenceDevice device) {
        this.device = device;
    }

    /** A real operand of at least {@code needed} elements. */
    Reals reals(String name, Slice slice, long needed) {
        boolean half = slice.dtype() == DType.F16;
        ReferenceBuffer buffer = buffer(name, slice, half ? DType.F16 : DType.F64, needed);
        return new Reals(buffer.reals(), slice.offset(), slice.length(), half);
    }

    /** As {@link #reals}, null for null. */
    @Nullable
    Reals optional(String name, @Nullable Slice slice, long needed) {
        return slice == null ? null : reals(name, slice, needed);
    }

    /** An I32 operand: its array, to be read from {@code slice.offset()} on. */
    int[] ints(String name, Slice slice, long needed) {
        return buffer(name, slice, DType.I32, needed).ints();
    }

    /** A U8 operand: its array, to be read from {@code slice.offset()} on. */
    byte[] bytes(String name, Slice slice, long needed) {
        return buffer(name, slice, DType.U8, needed).bytes();
    }

    /** Any operand of this device that is open. */
    ReferenceBuffer open(String name, Slice slice) {
        if (!(slice.buffer() instanceof ReferenceBuffer buffer) || buffer.device() != device) {
            throw new IllegalArgumentException("operand '%s' lies on another device: buffer '%s'"
                    .formatted(name, slice.buffer().owner()));
        }
        if (buffer.isClosed()) {
            throw new DeviceMemoryException("operand '%s': buffer '%s' of %d x %s is used after close"
                    .formatted(name, buffer.owner(), buffer.length(), buffer.dtype()));
        }
        return buffer;
    }

    /** The output may not share elements with the input. */
    void disjoint(String outputName, Slice output, String inputName, @Nullable Slice input) {
        if (input != null
                && output.buffer() == input.buffer()
                && output.offset() < input.offset() + input.length()
                && input.offset() < output.offset() + output.length()) {
            throw new IllegalArgumentException("operand '%s' overlaps operand '%s' in buffer '%s'"
                    .formatted(outputName, inputName, output.buffer().owner()));
        }
    }

    /** As {@link #disjoint}, but the output may be exactly the input. */
    void sameOrDisjoint(String outputName, Slice output, String inputName, @Nullable Slice input) {
        if (input != null && !(output.buffer() == input.buffer() && output.offset() == input.offset())) {
            disjoint(outputName, output, inputName, input);
        }
    }

    private ReferenceBuffer buffer(String name, Slice slice, DType dtype, long needed) {
        ReferenceBuffer buffer = open(name, slice);
        if (buffer.dtype() != dtype) {
            throw new IllegalArgumentException("operand '%s' is %s, it must be %s (buffer '%s')"
                    .formatted(name, buffer.dtype(), dtype, buffer.owner()));
        }
        if (slice.length() < needed) {
            throw new IllegalArgumentException("operand '%s' has %d elements, the shape needs %d (buffer '%s')"
                    .formatted(name, slice.length(), needed, buffer.owner()));
        }
        return buffer;
    }
}
