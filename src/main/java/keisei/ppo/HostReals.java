package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.Slice;

/** Reusable host memory in a device's real type. The arena owns the memory. */
final class HostReals {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment segment;
    private final boolean isDouble;
    private final Device device;

    HostReals(Device device, Arena arena, int length) {
        this.device = device;
        this.isDouble = device.realType() == DType.F64;
        this.segment = arena.allocate((long) length * device.realType().bytes(), 64);
    }

    void set(int index, double value) {
        if (isDouble) {
            segment.setAtIndex(F64, index, value);
        } else {
            segment.setAtIndex(F32, index, (float) value);
        }
    }

    double get(int index) {
        return isDouble ? segment.getAtIndex(F64, index) : segment.getAtIndex(F32, index);
    }

    void clear() {
        segment.fill((byte) 0);
    }

    /** Copies the first {@code destination.length()} elements to the device. */
    void writeTo(Slice destination) {
        device.write(destination, segment);
    }

    /** Copies {@code source.length()} elements from the device, after the work before. */
    void readFrom(Slice source) {
        device.read(source, segment);
    }
}
