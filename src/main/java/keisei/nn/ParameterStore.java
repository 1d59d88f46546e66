package keisei.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;

/**
 * A model's named tensors: parameters in one flat buffer, their gradients in another of the same order (so that one
 * kernel clips and steps them all), and statistics in a third. Names are PyTorch's state-dict names, such as
 * {@code blocks.0.conv1.weight}. Owns the buffers. Not thread-safe.
 */
public final class ParameterStore implements AutoCloseable {
    private final DeviceBuffer values;
    private final DeviceBuffer gradients;
    private final DeviceBuffer statistics;
    private final Map<String, Entry> parameters;
    private final Map<String, Entry> buffers;

    private ParameterStore(
            DeviceBuffer values,
            DeviceBuffer gradients,
            DeviceBuffer statistics,
            Map<String, Entry> parameters,
            Map<String, Entry> buffers) {
        this.values = values;
        this.gradients = gradients;
        this.statistics = statistics;
        this.parameters = parameters;
        this.buffers = buffers;
    }

    /** All parameters, flat. */
    public Slice values() {
        return values.all();
    }

    /** All gradients, in the order of {@link #values()}. */
    public Slice gradients() {
        return gradients.all();
    }

    /** All running statistics, flat. */
    public Slice statistics() {
        return statistics.all();
    }

    /** Parameters by name, in flat order. */
    public Map<String, Entry> parameters() {
        return parameters;
    }

    /** Running statistics by name, in flat order. */
    public Map<String, Entry> buffers() {
        return buffers;
    }

    /** Value of a parameter or statistic. @throws IllegalArgumentException when there is none of that name */
    public Slice value(String name) {
        Entry parameter = parameters.get(name);
        if (parameter != null) {
            return values.all().range(parameter.offset(), parameter.storedCount());
        }
        Entry buffer = buffers.get(name);
        if (buffer != null) {
            return statistics.all().range(buffer.offset(), buffer.storedCount());
        }
        throw new IllegalArgumentException("no parameter or statistic '" + name + "'");
    }

    /** Gradient of a parameter. @throws IllegalArgumentException when there is none of that name */
    public Slice gradient(String name) {
        Entry parameter = parameters.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("no parameter '" + name + "'");
        }
        return gradients.all().range(parameter.offset(), parameter.storedCount());
    }

    @Override
    public void close() {
        values.close();
        gradients.close();
        statistics.close();
    }

    /** How the elements of an entry lie in memory. */
    public enum Storage {
        /** Row-major in the logical shape. */
        PLAIN,
        /** Logical {@code [K][C][R][S]} stored as {@code [K][R][S][paddedC]}; the padding is 0. */
        CONVOLUTION
    }

    /**
     * One named tensor.
     *
     * @param name state-dict name
     * @param shape logical shape, as in a PyTorch state dict
     * @param storage how it is stored
     * @param paddedInChannels stored C of a convolution; else 0
     * @param offset first element in its flat buffer
     */
    public record Entry(String name, List<Integer> shape, Storage storage, int paddedInChannels, int offset) {
        /** Copies the shape. */
        public Entry {
            shape = List.copyOf(shape);
        }

        /** Elements of the logical tensor. */
        public int logicalCount() {
            int count = 1;
            for (int size : shape) {
                count *= size;
            }
            return count;
        }

        /** Elements in memory, padding included. */
        public int storedCount() {
            return storage == Storage.PLAIN ? logicalCount() : logicalCount() / shape.get(1) * paddedInChannels;
        }

        /** Position in memory (from the entry's start) of the element with this logical row-major index. */
        public int storedIndex(int logicalIndex) {
            if (storage == Storage.PLAIN) {
                return logicalIndex;
            }
            int taps = shape.get(2) * shape.get(3);
            int tap = logicalIndex % taps;
            int channel = logicalIndex / taps % shape.get(1);
            int out = logicalIndex / taps / shape.get(1);
            return (out * taps + tap) * paddedInChannels + channel;
        }
    }

    /** Collects names and shapes, then allocates the flat buffers once. */
    public static final class Builder {
        private final Map<String, Entry> parameters = new LinkedHashMap<>();
        private final Map<String, Entry> buffers = new LinkedHashMap<>();
        private int parameterCount;
        private int bufferCount;

        /** Adds a plain parameter. */
        public Builder parameter(String name, Integer... shape) {
            return add(new Entry(name, List.of(shape), Storage.PLAIN, 0, parameterCount));
        }

        /** Adds convolution weights {@code [K][C][R][S]}, stored with {@code paddedInChannels} input channels. */
        public Builder convolution(String name, int outChannels, int inChannels, int kernel, int paddedInChannels) {
            return add(new Entry(
                    name,
                    List.of(outChannels, inChannels, kernel, kernel),
                    Storage.CONVOLUTION,
                    paddedInChannels,
                    parameterCount));
        }

        /** Adds a running statistic. */
        public Builder buffer(String name, Integer... shape) {
            Entry entry = new Entry(name, List.of(shape), Storage.PLAIN, 0, bufferCount);
            require(buffers.put(name, entry) == null, name);
            bufferCount += align(entry.storedCount());
            return this;
        }

        private Builder add(Entry entry) {
            require(parameters.put(entry.name(), entry) == null, entry.name());
            parameterCount += align(entry.storedCount());
            return this;
        }

        /** Allocates the buffers, zeroed. Entries start at multiples of 16 elements; the gaps stay 0. */
        public ParameterStore build(Device device) {
            DeviceBuffer values = device.allocate(device.realType(), parameterCount, "parameters");
            DeviceBuffer gradients =
                    Construction.orClose(() -> device.allocate(device.realType(), parameterCount, "gradients"), values);
            DeviceBuffer statistics =
                    Construction.orClose(() -> device.allocate(device.realType(), bufferCount, "statistics"), () -> {
                        values.close();
                        gradients.close();
                    });
            return new ParameterStore(
                    values,
                    gradients,
                    statistics,
                    Collections.unmodifiableMap(new LinkedHashMap<>(parameters)),
                    Collections.unmodifiableMap(new LinkedHashMap<>(buffers)));
        }

        /** Names added so far, parameters first. */
        public List<String> names() {
            List<String> names = new ArrayList<>(parameters.keySet());
            names.addAll(buffers.keySet());
            return names;
        }

        private static int align(int count) {
            return (count + 15) / 16 * 16;
        }

        private static void require(boolean isNew, String name) {
            if (!isNew) {
                throw new IllegalArgumentException("two tensors are named '" + name + "'");
            }
        }
    }
}
