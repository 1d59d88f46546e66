package keisei.nn;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import keisei.device.Slice;
import keisei.tensor.HostTransfer;

/**
 * Named tensors on the host, in PyTorch's logical layout and under its names: how parameters, statistics and moments
 * enter and leave a model. Float32 devices round-trip exactly.
 */
public final class StateDict {
    private StateDict() {}

    /**
     * One tensor.
     *
     * @param shape logical sizes, as in PyTorch
     * @param data row-major elements; not copied
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody; a copy of every weight would be waste
    public record NamedTensor(List<Integer> shape, float[] data) {
        /** Copies the shape. @throws IllegalArgumentException when the data does not fill the shape */
        public NamedTensor {
            shape = List.copyOf(shape);
            long count = 1;
            for (int size : shape) {
                count *= size;
            }
            if (count != data.length) {
                throw new IllegalArgumentException(
                        "shape %s has %d elements, the data %d".formatted(shape, count, data.length));
            }
        }
    }

    /** Parameters, then statistics, of a model. */
    public static Map<String, NamedTensor> export(ParameterStore store) {
        Map<String, NamedTensor> tensors = export(store.parameters(), store.values());
        tensors.putAll(export(store.buffers(), store.statistics()));
        return tensors;
    }

    /**
     * The tensors of one flat buffer that lies as {@code entries} say, such as an optimizer's moments, which lie as
     * the parameters.
     */
    public static Map<String, NamedTensor> export(Map<String, ParameterStore.Entry> entries, Slice flat) {
        Map<String, NamedTensor> tensors = new LinkedHashMap<>();
        for (ParameterStore.Entry entry : entries.values()) {
            float[] stored = HostTransfer.readFloats(flat.range(entry.offset(), entry.storedCount()));
            tensors.put(entry.name(), new NamedTensor(entry.shape(), toLogical(entry, stored)));
        }
        return tensors;
    }

    /**
     * Overwrites all parameters and statistics; call {@link ActorCritic#parametersChanged()} afterwards.
     *
     * @throws IllegalArgumentException naming every tensor that is missing, unknown or of another shape; nothing is
     *     written then
     */
    public static void load(ParameterStore store, Map<String, NamedTensor> tensors) {
        Map<String, ParameterStore.Entry> all = new LinkedHashMap<>(store.parameters());
        all.putAll(store.buffers());
        check(all, tensors);
        write(store.parameters(), store.values(), tensors);
        write(store.buffers(), store.statistics(), tensors);
    }

    /** As {@link #load(ParameterStore, Map)} for one flat buffer. */
    public static void load(Map<String, ParameterStore.Entry> entries, Slice flat, Map<String, NamedTensor> tensors) {
        check(entries, tensors);
        write(entries, flat, tensors);
    }

    private static void write(Map<String, ParameterStore.Entry> entries, Slice flat, Map<String, NamedTensor> tensors) {
        for (ParameterStore.Entry entry : entries.values()) {
            NamedTensor tensor = tensors.get(entry.name());
            if (tensor != null) {
                HostTransfer.write(flat.range(entry.offset(), entry.storedCount()), toStored(entry, tensor.data()));
            }
        }
    }

    private static void check(Map<String, ParameterStore.Entry> entries, Map<String, NamedTensor> tensors) {
        List<String> problems = new ArrayList<>();
        for (ParameterStore.Entry entry : entries.values()) {
            NamedTensor tensor = tensors.get(entry.name());
            if (tensor == null) {
                problems.add("'%s' is missing".formatted(entry.name()));
            } else if (!tensor.shape().equals(entry.shape())) {
                problems.add("'%s' has shape %s, it must be %s".formatted(entry.name(), tensor.shape(), entry.shape()));
            }
        }
        for (String name : tensors.keySet()) {
            if (!entries.containsKey(name)) {
                problems.add("'%s' is not in the model".formatted(name));
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("the tensors do not fit the model: " + String.join("; ", problems));
        }
    }

    /** From the layout in memory to PyTorch's. */
    public static float[] toLogical(ParameterStore.Entry entry, float[] stored) {
        float[] logical = new float[entry.logicalCount()];
        for (int i = 0; i < logical.length; i++) {
            logical[i] = stored[entry.storedIndex(i)];
        }
        return logical;
    }

    /** From PyTorch's layout to the one in memory; padding is 0. */
    public static float[] toStored(ParameterStore.Entry entry, float[] logical) {
        float[] stored = new float[entry.storedCount()];
        for (int i = 0; i < logical.length; i++) {
            stored[entry.storedIndex(i)] = logical[i];
        }
        return stored;
    }
}
