package keisei.device.reference;

import keisei.device.DeviceMemoryException;
import keisei.device.PreparedWeights;
import keisei.device.Slice;

/** "Prepared" weights without any preparation: a name for the master weights and their shape. */
final class ReferenceWeights<S> implements PreparedWeights {
    private final ReferenceDevice device;
    private final S shape;
    private final int count;
    private final Slice master;
    private boolean closed;

    ReferenceWeights(ReferenceDevice device, S shape, int count, Slice master) {
        this.device = device;
        this.shape = shape;
        this.count = count;
        this.master = master;
        device.real(master, count, "weights");
    }

    S shape() {
        return shape;
    }

    /** The master weights as they are now. */
    Operand read() {
        if (closed) {
            throw new DeviceMemoryException("prepared weights of '%s' are used after they were closed"
                    .formatted(master.buffer().owner()));
        }
        return device.real(master, count, "weights");
    }

    /** The shape of weights given to a primitive. @throws IllegalArgumentException when they are of another kind */
    static <T> ReferenceWeights<T> of(PreparedWeights weights, ReferenceDevice device, Class<T> kind) {
        if (weights instanceof ReferenceWeights<?> own && own.device == device && kind.isInstance(own.shape)) {
            @SuppressWarnings("unchecked") // the shape is a T
            ReferenceWeights<T> typed = (ReferenceWeights<T>) own;
            return typed;
        }
        throw new IllegalArgumentException("weights were not prepared by this device as " + kind.getSimpleName());
    }

    @Override
    public void invalidate() {
        // Nothing is derived, so nothing can be out of date.
    }

    @Override
    public void close() {
        closed = true;
    }
}
