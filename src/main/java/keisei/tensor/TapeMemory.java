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
 * the tapes that lie in them: record the largest batch first. Owns the buffers. Not thread-safe.
 */
public final class TapeMemory implements AutoCloseable {
    private final Device device;
    private final Region activations;
    private final Region gradients;
    private final Region outputs;
    private final Region outputGradients;
    private final Region workspaces;

    /** Memory on {@code device}; nothing is allocated yet. */
    public TapeMemory(Device device) {
        this.device = device;
        activations = new Region("activations", device.activationType());
        gradients = new Region("activation gradients", device.activationType());
        outputs = new Region("activations", device.realType());
        outputGradients = new Region("activation gradients", device.realType());
        workspaces = new Region("workspaces", device.realType());
    }

    Device device() {
        return device;
    }

    DeviceBuffer activations(long elements) {
        return activations.atLeast(elements);
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
        activations.close();
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
            if (elements > Integer.MAX_VALUE) {
                throw new DeviceMemoryException(
                        "'%s' of one training pass need %d elements, at most %d are possible: lower minibatch_size"
                                .formatted(owner, elements, Integer.MAX_VALUE));
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
