package keisei.tensor;

import java.util.List;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * A shaped value on a device and, where one is wanted, its gradient. A view without ownership: parameters lie in the
 * caller's buffers, activations in a {@link TapeMemory}. Activations have no memory until their {@link Tape} is
 * finished. Row-major; images are {@code [N, H, W, C]}.
 */
public final class Tensor {
    private final List<Integer> shape;
    private final int count;
    private final boolean needsGradient;
    private final boolean parameter;
    private final boolean real;
    private @Nullable Slice value;
    private @Nullable Slice gradient;

    private Tensor(
            List<Integer> shape,
            boolean needsGradient,
            boolean parameter,
            boolean real,
            @Nullable Slice value,
            @Nullable Slice gradient) {
        long elements = 1;
        for (int size : shape) {
            elements *= size;
            if (size < 1 || elements > Integer.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "shape %s: sizes must be positive and their product below 2^31".formatted(shape));
            }
        }
        this.shape = List.copyOf(shape);
        this.count = (int) elements;
        this.needsGradient = needsGradient;
        this.parameter = parameter;
        this.real = real;
        this.value = value;
        this.gradient = gradient;
    }

    /**
     * A trainable leaf in the caller's memory. Gradients of parameters accumulate from pass to pass.
     *
     * @throws IllegalArgumentException when a slice's length is not the shape's
     */
    public static Tensor parameter(Slice value, Slice gradient, Integer... shape) {
        Tensor tensor = new Tensor(List.of(shape), true, true, true, value, gradient);
        tensor.checkLength(value);
        tensor.checkLength(gradient);
        return tensor;
    }

    /** An image or row of the device's activation type; its memory comes with the tape's. */
    static Tensor activation(boolean needsGradient, List<Integer> shape) {
        return new Tensor(shape, needsGradient, false, false, null, null);
    }

    /** An output or workspace of the device's real type; its memory comes with the tape's. */
    static Tensor real(boolean needsGradient, List<Integer> shape) {
        return new Tensor(shape, needsGradient, false, true, null, null);
    }

    private void checkLength(Slice slice) {
        if (slice.length() != count) {
            throw new IllegalArgumentException("shape %s has %d elements, the slice of buffer '%s' has %d"
                    .formatted(shape, count, slice.buffer().owner(), slice.length()));
        }
    }

    /** Sizes, outermost first. */
    public List<Integer> shape() {
        return shape;
    }

    /** The size at {@code axis}. */
    public int size(int axis) {
        return shape.get(axis);
    }

    /** Number of elements. */
    public int count() {
        return count;
    }

    /** Whether a backward pass computes a gradient for it. */
    public boolean needsGradient() {
        return needsGradient;
    }

    boolean isParameter() {
        return parameter;
    }

    /** Whether its elements are of the device's real type rather than its activation type. */
    boolean isReal() {
        return real;
    }

    /** The value. @throws IllegalStateException before the tape is finished */
    public Slice value() {
        Slice bound = value;
        if (bound == null) {
            throw new IllegalStateException("tensor %s has no memory before its tape is finished".formatted(shape));
        }
        return bound;
    }

    /**
     * The gradient. Memory of gradients between operations is reused within a backward pass; the gradients of leaves
     * and of seeded outputs stay.
     *
     * @throws IllegalStateException when it has none (yet)
     */
    public Slice gradient() {
        Slice bound = gradient;
        if (bound == null) {
            throw new IllegalStateException("tensor %s has no gradient%s"
                    .formatted(shape, needsGradient ? " before its tape prepared the backward pass" : ""));
        }
        return bound;
    }

    void bindValue(Slice slice) {
        value = slice;
    }

    void bindGradient(Slice slice) {
        gradient = slice;
    }
}
