package keisei.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.function.UnaryOperator;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.Slice;
import keisei.nn.ParameterStore;

/** Moves named tensors between a flat device buffer and the host, one copy over the bus a buffer. */
final class FlatTensors {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE.withOrder(ByteOrder.LITTLE_ENDIAN);

    private FlatTensors() {}

    /** Adds a tensor for each entry, in logical layout, under its renamed name. */
    static void capture(
            Slice flat,
            Map<String, ParameterStore.Entry> entries,
            UnaryOperator<String> rename,
            Map<String, TensorData> into) {
        Device device = flat.buffer().device();
        boolean isDouble = flat.dtype() == DType.F64;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host =
                    arena.allocate((long) flat.length() * flat.dtype().bytes(), 64);
            device.read(flat, host);
            for (ParameterStore.Entry entry : entries.values()) {
                float[] values = new float[entry.logicalCount()];
                for (int i = 0; i < values.length; i++) {
                    int index = entry.offset() + entry.storedIndex(i);
                    values[i] = isDouble ? (float) host.getAtIndex(F64, index) : host.getAtIndex(F32, index);
                }
                into.put(rename.apply(entry.name()), new TensorData(entry.shape(), values));
            }
        }
    }

    /** Writes every entry's tensor; the padding between and inside entries becomes 0. Tensors were checked before. */
    static void restore(
            Slice flat,
            Map<String, ParameterStore.Entry> entries,
            UnaryOperator<String> rename,
            Map<String, TensorData> from) {
        Device device = flat.buffer().device();
        boolean isDouble = flat.dtype() == DType.F64;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host =
                    arena.allocate((long) flat.length() * flat.dtype().bytes(), 64);
            for (ParameterStore.Entry entry : entries.values()) {
                TensorData tensor = from.get(rename.apply(entry.name()));
                if (tensor == null) {
                    throw new IllegalArgumentException("no tensor '" + rename.apply(entry.name()) + "'");
                }
                float[] values = tensor.values();
                for (int i = 0; i < values.length; i++) {
                    int index = entry.offset() + entry.storedIndex(i);
                    if (isDouble) {
                        host.setAtIndex(F64, index, values[i]);
                    } else {
                        host.setAtIndex(F32, index, values[i]);
                    }
                }
            }
            device.write(flat, host);
        }
    }

    /** Appends a line for each entry that is missing or has another shape. */
    static void compare(
            Map<String, ParameterStore.Entry> entries,
            UnaryOperator<String> rename,
            Map<String, TensorData> tensors,
            StringBuilder problems) {
        for (ParameterStore.Entry entry : entries.values()) {
            String name = rename.apply(entry.name());
            TensorData tensor = tensors.get(name);
            if (tensor == null) {
                problems.append(" '%s' is missing;".formatted(name));
            } else if (!tensor.shape().equals(entry.shape())) {
                problems.append(" '%s' has shape %s, expected %s;".formatted(name, tensor.shape(), entry.shape()));
            }
        }
    }
}
