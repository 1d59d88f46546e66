package keisei.tensor;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;
import keisei.device.Slice;

/**
 * The memory that a model's tapes share: activations, outputs, the gradients of both, and small workspaces. A tape uses each region
 * from its start, so a pass for a small batch costs nothing beside one for a large batch, and its contents last until
 * another tape runs. When a tape needs more than any before it, a larger buffer is added and the old ones stay for
 * the tapes that lie in them: record the largest batch first. Activations of a large pass are more elements than one
 * buffer can have; they lie in several. Owns the buffers. Not thread-safe.
 */
public final class TapeMemory implements AutoCloseable {
    private final Device device;
    private final int mostElements;
    private final List<Region> activations = new ArrayList<>();
    private final Region gradients;
    private final Region outputs;
    private final Region outputGradients;
    private final Region workspaces;

    /** Memory on {@code device}; nothing is allocated yet. */
    public TapeMemory(Device device) {
        this(device, Integer.MAX_VALUE);
    }

    /** @param mostElements of one buffer */
    TapeMemory(Device device, int mostElements) {
        this.device = device;
        this.mostElements = mostElements;
        gradients = new Region("activation gradients", device.activationType());
        outputs = new Region("activations", device.realType());
        outputGradients = new Region("activation gradients", device.realType());
        workspaces = new Region("workspaces", device.realType());
    }

    Device device() {
        return device;
    }

    /** Elements that one buffer can have. */
    int mostElements() {
        return mostElements;
    }

    /** @param part which of a pass's buffers, counted from 0 */
    DeviceBuffer activations(int part, long elements) {
        while (activations.size() <= part) {
            activations.add(new Region("activations", device.activationType()));
        }
        return activations.get(part).atLeast(elements);
    }

    DeviceBuffer gradients(long elements) {
        return gradients.atLeast(elements);
    }

    DeviceBuffer outputs(long elements) {
        return outputs.atLeast(elements);
    }

    DeviceBuffer outputGradients(long elements) {
        return outputGradients.atLeast(elements);
    }

    DeviceBuffer workspaces(long elements) {
        return workspaces.atLeast(elements);
    }

    @Override
    public void close() {
        activations.forEach(Region::close);
        gradients.close();
        outputs.close();
        outputGradients.close();
        workspaces.close();
    }

    static Slice slice(DeviceBuffer buffer, long offset, int count) {
        return new Slice(buffer, Math.toIntExact(offset), count);
    }

    private final class Region {
        private final String owner;
        private final DType dtype;
        private final List<DeviceBuffer> buffers = new ArrayList<>();

        Region(String owner, DType dtype) {
            this.owner = owner;
            this.dtype = dtype;
        }

        DeviceBuffer atLeast(long elements) {
            for (DeviceBuffer buffer : buffers) {
                if (buffer.length() >= elements) {
                    return buffer;
                }
            }
            if (elements > mostElements) {
                throw new DeviceMemoryException(
                        "'%s' of one training pass need %d elements, at most %d are possible: lower minibatch_size"
                                .formatted(owner, elements, mostElements));
            }
            DeviceBuffer buffer = device.allocate(dtype, (int) elements, owner);
            buffers.add(buffer);
            return buffer;
        }

        void close() {
            buffers.forEach(DeviceBuffer::close);
            buffers.clear();
        }
    }
}
