package keisei.device.cpu;

import keisei.device.DType;
import keisei.device.DeviceMemoryException;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * Weights of a layer with the packed copies for its two directions, each made when it is first needed. The copies are
 * device memory of the owner {@code "<owner of the weights> (prepared)"}.
 */
abstract class CpuPreparedWeights implements PreparedWeights {
    private final CpuDevice device;
    private final Slice weights;
    private final int forwardLength;
    private final int backwardLength;
    private @Nullable CpuBuffer forward;
    private @Nullable CpuBuffer backward;
    private boolean forwardValid;
    private boolean backwardValid;
    private boolean closed;

    CpuPreparedWeights(CpuDevice device, Slice weights, int forwardLength, int backwardLength) {
        this.device = device;
        this.weights = weights;
        this.forwardLength = forwardLength;
        this.backwardLength = backwardLength;
    }

    /** The master weights. */
    final Slice weights() {
        return weights;
    }

    /** The device that prepared them. */
    final CpuDevice device() {
        return device;
    }

    /** Packs the master weights, {@code source} from {@code offset} on, for the forward direction. */
    abstract void packForward(float[] source, int offset, float[] packed);

    /** Packs the master weights for the gradient of the data. */
    abstract void packBackward(float[] source, int offset, float[] packed);

    /** The packed copy for the forward direction, made anew after {@link #invalidate}. */
    final float[] forward() {
        requireOpen();
        CpuBuffer buffer = forward;
        if (buffer == null) {
            buffer = device.allocate(DType.F32, forwardLength, weights.buffer().owner() + " (prepared)");
            forward = buffer;
        }
        float[] packed = buffer.floats();
        if (!forwardValid) {
            packForward(device.operands().floats("weights", weights, 0), weights.offset(), packed);
            forwardValid = true;
        }
        return packed;
    }

    /** The packed copy for the gradient of the data, made anew after {@link #invalidate}. */
    final float[] backward() {
        requireOpen();
        CpuBuffer buffer = backward;
        if (buffer == null) {
            buffer = device.allocate(DType.F32, backwardLength, weights.buffer().owner() + " (prepared)");
            backward = buffer;
        }
        float[] packed = buffer.floats();
        if (!backwardValid) {
            packBackward(device.operands().floats("weights", weights, 0), weights.offset(), packed);
            backwardValid = true;
        }
        return packed;
    }

    /** @throws DeviceMemoryException when closed */
    final void requireOpen() {
        if (closed) {
            throw new DeviceMemoryException("prepared weights of '%s' were used after they were closed"
                    .formatted(weights.buffer().owner()));
        }
    }

    @Override
    public final void invalidate() {
        forwardValid = false;
        backwardValid = false;
    }

    @Override
    public final void close() {
        if (closed) {
            throw new DeviceMemoryException("prepared weights of '%s' were closed twice"
                    .formatted(weights.buffer().owner()));
        }
        closed = true;
        if (forward != null) {
            forward.close();
        }
        if (backward != null) {
            backward.close();
        }
    }
}
