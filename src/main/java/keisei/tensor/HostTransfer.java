package keisei.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import keisei.device.DType;
import keisei.device.Slice;

/**
 * Copies between Java arrays and device memory, converting where the type differs. It allocates; for checkpoints,
 * initialisation and tests, not for hot paths. Reads wait for the device.
 */
public final class HostTransfer {
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN);

    private HostTransfer() {}

    /** Elements of an F64, F32 or F16 slice. */
    public static double[] readDoubles(Slice source) {
        checkReal(source);
        double[] values = new double[source.length()];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = read(arena, source);
            for (int i = 0; i < values.length; i++) {
                values[i] = real(host, source.dtype(), i);
            }
        }
        return values;
    }

    /** Elements of an F32 or F16 slice, or of an F64 slice rounded to float32. */
    public static float[] readFloats(Slice source) {
        checkReal(source);
        float[] values = new float[source.length()];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = read(arena, source);
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) real(host, source.dtype(), i);
            }
        }
        return values;
    }

    /** Elements of an I32 slice. */
    public static int[] readInts(Slice source) {
        checkType(source, DType.I32);
        try (Arena arena = Arena.ofConfined()) {
            return read(arena, source).toArray(INT);
        }
    }

    /** Elements of a U8 slice. */
    public static byte[] readBytes(Slice source) {
        checkType(source, DType.U8);
        try (Arena arena = Arena.ofConfined()) {
            return read(arena, source).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** Overwrites an F64, F32 or F16 slice (rounding). @throws IllegalArgumentException when the lengths differ */
    public static void write(Slice destination, double[] values) {
        checkReal(destination);
        checkLength(destination, values.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = host(arena, destination);
            for (int i = 0; i < values.length; i++) {
                setReal(host, destination.dtype(), i, values[i]);
            }
            destination.buffer().device().write(destination, host);
            destination.buffer().device().synchronize();
        }
    }

    /** Overwrites an F64, F32 or F16 slice (rounding). @throws IllegalArgumentException when the lengths differ */
    public static void write(Slice destination, float[] values) {
        checkReal(destination);
        checkLength(destination, values.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = host(arena, destination);
            for (int i = 0; i < values.length; i++) {
                setReal(host, destination.dtype(), i, values[i]);
            }
            destination.buffer().device().write(destination, host);
            destination.buffer().device().synchronize();
        }
    }

    /** Overwrites an I32 slice. @throws IllegalArgumentException when the lengths differ */
    public static void write(Slice destination, int[] values) {
        checkType(destination, DType.I32);
        checkLength(destination, values.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = host(arena, destination);
            for (int i = 0; i < values.length; i++) {
                host.setAtIndex(INT, i, values[i]);
            }
            destination.buffer().device().write(destination, host);
            destination.buffer().device().synchronize();
        }
    }

    /** Overwrites a U8 slice. @throws IllegalArgumentException when the lengths differ */
    public static void write(Slice destination, byte[] values) {
        checkType(destination, DType.U8);
        checkLength(destination, values.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = host(arena, destination);
            MemorySegment.copy(values, 0, host, ValueLayout.JAVA_BYTE, 0, values.length);
            destination.buffer().device().write(destination, host);
            destination.buffer().device().synchronize();
        }
    }

    private static double real(MemorySegment host, DType dtype, int index) {
        return switch (dtype) {
            case F64 -> host.getAtIndex(DOUBLE, index);
            case F32 -> host.getAtIndex(FLOAT, index);
            default -> Float.float16ToFloat(host.getAtIndex(HALF, index));
        };
    }

    private static void setReal(MemorySegment host, DType dtype, int index, double value) {
        switch (dtype) {
            case F64 -> host.setAtIndex(DOUBLE, index, value);
            case F32 -> host.setAtIndex(FLOAT, index, (float) value);
            default -> host.setAtIndex(HALF, index, Float.floatToFloat16((float) value));
        }
    }

    private static MemorySegment read(Arena arena, Slice source) {
        MemorySegment host = host(arena, source);
        source.buffer().device().read(source, host);
        return host;
    }

    private static MemorySegment host(Arena arena, Slice slice) {
        return arena.allocate((long) slice.length() * slice.dtype().bytes(), Long.BYTES);
    }

    private static void checkLength(Slice destination, int given) {
        if (destination.length() != given) {
            throw new IllegalArgumentException("%d values for %d elements of buffer '%s'"
                    .formatted(given, destination.length(), destination.buffer().owner()));
        }
    }

    private static void checkReal(Slice slice) {
        if (!slice.dtype().isReal()) {
            throw new IllegalArgumentException("buffer '%s' is %s, it must be F64, F32 or F16"
                    .formatted(slice.buffer().owner(), slice.dtype()));
        }
    }

    private static void checkType(Slice slice, DType dtype) {
        if (slice.dtype() != dtype) {
            throw new IllegalArgumentException(
                    "buffer '%s' is %s, it must be %s".formatted(slice.buffer().owner(), slice.dtype(), dtype));
        }
    }
}
