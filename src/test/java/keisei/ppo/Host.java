package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import keisei.device.DType;
import keisei.device.Slice;

/** Copies slices to and from Java arrays, for tests. */
final class Host {
    private Host() {}

    static double[] doubles(Slice slice) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(
                    Math.max(1, (long) slice.length() * slice.dtype().bytes()), 64);
            slice.buffer().device().read(slice, host);
            double[] values = new double[slice.length()];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (slice.dtype()) {
                    case F64 -> host.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
                    case F32 -> host.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    case I32 -> host.getAtIndex(ValueLayout.JAVA_INT, i);
                    case U8 -> host.get(ValueLayout.JAVA_BYTE, i) & 0xff;
                    case F16 -> throw new IllegalArgumentException("float16 is not used here");
                };
            }
            return values;
        }
    }

    static void write(Slice slice, double... values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(
                    Math.max(1, (long) slice.length() * slice.dtype().bytes()), 64);
            for (int i = 0; i < slice.length(); i++) {
                if (slice.dtype() == DType.F64) {
                    host.setAtIndex(ValueLayout.JAVA_DOUBLE, i, values[i]);
                } else {
                    host.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) values[i]);
                }
            }
            slice.buffer().device().write(slice, host);
        }
    }
}
