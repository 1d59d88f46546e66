package keisei.tensor;

import java.util.ArrayList;
import java.util.List;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;
import keisei.device.Slice;

/**
 * The memory that a model's tapes share: activations, their gradients, and small workspaces. A tape uses each region
 * from its start, so a pass for a small batch costs nothing beside one for a large batch, and its contents last until
 * another tape runs. When a tape needs more than any before it, a larger buffer is added and the old ones stay for
 * the tapes that lie in them: record the largest batch first. Owns the buffers. Not thread-safe.
 */
public final class TapeMemory implements AutoCloseable {
    private final Device device;
    private final Region activations = new Region("activations");
    private final Region gradients = new Region("activation gradients");
    private final Region workspaces = new Region("workspaces");

    /** Memory on {@code device}; nothing is allocated yet. */
    public TapeMemory(Device device) {
        this.device = device;
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

    DeviceBuffer workspaces(long elements) {
        return workspaces.atLeast(elements);
    }

    @Override
    public void close() {
        activations.close();
        gradients.close();
        workspaces.close();
    }

    static Slice slice(DeviceBuffer buffer, long offset, int count) {
        return new Slice(buffer, Math.toIntExact(offset), count);
    }

    private final class Region {
        private final String owner;
        private final List<DeviceBuffer> buffers = new ArrayList<>();

        Region(String owner) {
            this.owner = owner;
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
            DeviceBuffer buffer = device.allocate(device.realType(), (int) elements, owner);
            buffers.add(buffer);
            return buffer;
        }

        void close() {
            buffers.forEach(DeviceBuffer::close);
            buffers.clear();
        }
    }
}
