package keisei.device;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * One run of an operation on one device, with operands made from a seed: equal seeds and names give equal float32
 * numbers on every device. Operands lie at odd places inside larger buffers whose other elements must not change.
 */
final class Trial implements AutoCloseable {
    private static final int AFTER = 3;
    private static final double GUARD = 77;
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort F16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /**
     * How operands are stored.
     *
     * @param activations type of activations on the device under test; with F16 their numbers are rounded to it on the
     *     reference device, too
     * @param leading elements in a buffer before each operand: 5 lies at odd addresses, 16 at multiples of 16 bytes
     */
    record Storage(DType activations, int leading) {}

    private final Device device;
    private final Storage storage;
    private final long seed;
    private final List<Slice> slices = new ArrayList<>();
    private final Map<String, Slice> outputs = new LinkedHashMap<>();
    private final Set<String> rounded = new HashSet<>();

    Trial(Device device, Storage storage, long seed) {
        this.device = device;
        this.storage = storage;
        this.seed = seed;
    }

    Device device() {
        return device;
    }

    private double[] numbers(String name, int length, double mean, double deviation) {
        Random random = new Random(seed * 31 + name.hashCode());
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return values;
    }

    /** An operand of normally distributed numbers, rounded to float32. */
    Slice normal(String name, int length, double mean, double deviation) {
        return real(name, numbers(name, length, mean, deviation));
    }

    /** An activation of normally distributed numbers, rounded to the type of activations. */
    Slice activation(String name, int length, double mean, double deviation) {
        return activation(name, numbers(name, length, mean, deviation));
    }

    /** An activation of standard normal numbers. */
    Slice activation(String name, int length) {
        return activation(name, length, 0, 1);
    }

    /** An activation of given numbers, rounded to the type of activations. */
    Slice activation(String name, double... values) {
        if (storage.activations() != DType.F16) {
            return real(name, values);
        }
        double[] halves = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            halves[i] = Float.float16ToFloat(Float.floatToFloat16((float) values[i]));
        }
        return store(device.realType() == DType.F64 ? DType.F64 : DType.F16, name, halves);
    }

    /** An activation whose values are compared at the end; it starts with random numbers. */
    Slice activationOutput(String name, int length) {
        rounded.add(name);
        Slice slice = activation(name, length);
        outputs.put(name, slice);
        return slice;
    }

    /** An output in float32 that the device may compute from rounded copies of float32 operands. */
    Slice roundedOutput(String name, int length) {
        rounded.add(name);
        return output(name, length);
    }

    /** Whether an output has no more precision than activations. */
    boolean isRounded(String name) {
        return storage.activations() == DType.F16 && rounded.contains(name);
    }

    /** An operand of standard normal numbers. */
    Slice normal(String name, int length) {
        return normal(name, length, 0, 1);
    }

    /** An operand whose values are compared at the end; it starts with random numbers. */
    Slice output(String name, int length) {
        Slice slice = normal(name, length);
        outputs.put(name, slice);
        return slice;
    }

    /** Compares an operand at the end. */
    Slice compared(String name, Slice slice) {
        outputs.put(name, slice);
        return slice;
    }

    /** An operand of given numbers. */
    Slice real(String name, double... values) {
        return store(device.realType(), name, values);
    }

    /** An operand of integers. */
    Slice ints(String name, int... values) {
        double[] copy = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            copy[i] = values[i];
        }
        return store(DType.I32, name, copy);
    }

    /** An operand of bytes from 0 to {@code bound - 1}. */
    Slice bytes(String name, int length, int bound) {
        Random random = new Random(seed * 31 + name.hashCode());
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            values[i] = (byte) random.nextInt(bound);
        }
        return store(DType.U8, name, values);
    }

    private Slice store(DType dtype, String name, double[] values) {
        int length = values.length;
        int before = storage.leading();
        DeviceBuffer buffer = device.allocate(dtype, before + length + AFTER, name);
        double[] all = new double[buffer.length()];
        for (int i = 0; i < all.length; i++) {
            boolean inside = i >= before && i < before + length;
            all[i] = inside ? values[i - before] : GUARD;
        }
        writeValues(device, buffer.all(), all);
        Slice slice = new Slice(buffer, before, length);
        slices.add(slice);
        return slice;
    }

    /** Writes numbers to device memory of any type. */
    static void writeValues(Device device, Slice slice, double... values) {
        int size = slice.dtype().bytes();
        MemorySegment host = MemorySegment.ofArray(new byte[slice.length() * size]);
        for (int i = 0; i < slice.length(); i++) {
            long at = (long) i * size;
            switch (slice.dtype()) {
                case F64 -> host.set(F64, at, values[i]);
                case F32 -> host.set(F32, at, (float) values[i]);
                case F16 -> host.set(F16, at, Float.floatToFloat16((float) values[i]));
                case I32 -> host.set(I32, at, (int) values[i]);
                default -> host.set(ValueLayout.JAVA_BYTE, at, (byte) values[i]);
            }
        }
        device.write(slice, host);
    }

    /** Reads device memory of any type. */
    static double[] values(Device device, Slice slice) {
        int size = slice.dtype().bytes();
        MemorySegment host = MemorySegment.ofArray(new byte[slice.length() * size]);
        device.read(slice, host);
        double[] values = new double[slice.length()];
        for (int i = 0; i < values.length; i++) {
            long at = (long) i * size;
            values[i] = switch (slice.dtype()) {
                case F64 -> host.get(F64, at);
                case F32 -> host.get(F32, at);
                case F16 -> Float.float16ToFloat(host.get(F16, at));
                case I32 -> host.get(I32, at);
                default -> host.get(ValueLayout.JAVA_BYTE, at);
            };
        }
        return values;
    }

    /** The outputs by name. @throws AssertionError when something was written outside an operand */
    Map<String, double[]> results() {
        for (Slice slice : slices) {
            double[] all = values(device, slice.buffer().all());
            for (int i = 0; i < all.length; i++) {
                int before = storage.leading();
                if ((i < before || i >= all.length - AFTER) && all[i] != GUARD) {
                    throw new AssertionError("element %d, outside operand '%s' [%d, %d), became %s"
                            .formatted(i, slice.buffer().owner(), before, all.length - AFTER, all[i]));
                }
            }
        }
        Map<String, double[]> results = new LinkedHashMap<>();
        outputs.forEach((name, slice) -> results.put(name, values(device, slice)));
        return results;
    }

    @Override
    public void close() {
        slices.forEach(slice -> slice.buffer().close());
    }
}
