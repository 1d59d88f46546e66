package keisei.ppo;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;

/** Buffers of one owner that are closed together, also when one of the later allocations fails. */
final class DeviceAllocations implements AutoCloseable {
    private final Device device;
    private final String owner;
    private final List<DeviceBuffer> buffers = new ArrayList<>();

    DeviceAllocations(Device device, String owner) {
        this.device = device;
        this.owner = owner;
    }

    /** Allocates {@code count * each} elements; frees everything allocated here when that fails. */
    DeviceBuffer allocate(DType dtype, long count, long each, String what) {
        try {
            long length = Math.multiplyExact(count, each);
            if (length > Integer.MAX_VALUE) {
                throw new IllegalArgumentException("%s of %s needs %d elements, at most %d are possible"
                        .formatted(what, owner, length, Integer.MAX_VALUE));
            }
            DeviceBuffer buffer = device.allocate(dtype, (int) length, owner);
            buffers.add(buffer);
            return buffer;
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    long bytes() {
        long bytes = 0;
        for (DeviceBuffer buffer : buffers) {
            bytes += (long) buffer.length() * buffer.dtype().bytes();
        }
        return bytes;
    }

    @Override
    public void close() {
        for (DeviceBuffer buffer : buffers) {
            if (!buffer.isClosed()) {
                buffer.close();
            }
        }
        buffers.clear();
    }
}
