package keisei.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.device.Slice;
import keisei.device.cpu.CpuDevice;
import keisei.nn.ParameterStore;
import keisei.optim.AdamOptimizer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StateTransferTest {
    private final Device device = new CpuDevice(1);
    private final ParameterStore store = store();
    private final AdamOptimizer optimizer = adam(store);

    @AfterEach
    void closeAll() {
        optimizer.close();
        store.close();
        device.close();
    }

    @Test
    void tensorsLieInPyTorchsLogicalLayoutWhateverTheStorage() {
        float[] stored = new float[store.values().length()];
        for (int i = 0; i < stored.length; i++) {
            stored[i] = i;
        }
        write(store.values(), stored);

        Map<String, TensorData> tensors = ModelState.capture(store);

        assertThat(tensors.keySet()).containsExactly("stem.weight", "stem.bias", "bn.running_mean");
        TensorData weight = tensors.getOrDefault("stem.weight", new TensorData(List.of(0), new float[0]));
        assertThat(weight.shape()).containsExactly(2, 3, 3, 3);
        // Logical [k][c][r][s] is stored [k][r][s][8].
        int k = 1;
        int c = 2;
        int r = 0;
        int s = 1;
        assertThat(weight.values()[((k * 3 + c) * 3 + r) * 3 + s]).isEqualTo(((k * 3 + r) * 3 + s) * 8f + c);
    }

    @Test
    void modelAndOptimizerComeBackBitForBit() {
        fillWithBits(store.values(), store.parameters(), 1);
        fillWithBits(store.statistics(), store.buffers(), 2);
        fillWithBits(optimizer.moment1(), store.parameters(), 3);
        fillWithBits(optimizer.moment2(), store.parameters(), 4);
        Map<String, TensorData> model = ModelState.capture(store);
        Map<String, TensorData> moments = OptimizerState.capture(optimizer, store);

        try (ParameterStore otherStore = store();
                AdamOptimizer other = adam(otherStore)) {
            ModelState.restore(model, otherStore);
            OptimizerState.restore(moments, 12345, other, otherStore);

            assertThat(bits(otherStore.values())).isEqualTo(bits(store.values()));
            assertThat(bits(otherStore.statistics())).isEqualTo(bits(store.statistics()));
            assertThat(bits(other.moment1())).isEqualTo(bits(optimizer.moment1()));
            assertThat(bits(other.moment2())).isEqualTo(bits(optimizer.moment2()));
            assertThat(other.appliedSteps()).isEqualTo(12345);
        }
    }

    @Test
    void everyTensorThatDoesNotFitIsNamedAndNothingIsChanged() {
        Map<String, TensorData> tensors = new LinkedHashMap<>(ModelState.capture(store));
        tensors.remove("stem.bias");
        tensors.put("bn.running_mean", new TensorData(List.of(3), new float[3]));
        tensors.put("extra", new TensorData(List.of(1), new float[1]));
        fillWithBits(store.values(), store.parameters(), 9);
        int[] before = bits(store.values());

        assertThatThrownBy(() -> ModelState.restore(tensors, store))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'stem.bias' is missing")
                .hasMessageContaining("'bn.running_mean' has shape [3], expected [2]")
                .hasMessageContaining("'extra' is not in the model");
        assertThat(bits(store.values())).isEqualTo(before);

        assertThatThrownBy(() -> OptimizerState.restore(
                        Map.of("exp_avg.stem.weight", new TensorData(List.of(1), new float[1]), "bias", tensor()),
                        -1,
                        optimizer,
                        store))
                .hasMessageContaining("'exp_avg.stem.weight' has shape [1], expected [2, 3, 3, 3]")
                .hasMessageContaining("'exp_avg_sq.stem.bias' is missing")
                .hasMessageContaining("'bias' is not in the optimizer")
                .hasMessageContaining("applied steps is -1");
    }

    private static TensorData tensor() {
        return new TensorData(List.of(2), new float[2]);
    }

    private ParameterStore store() {
        return new ParameterStore.Builder()
                .convolution("stem.weight", 2, 3, 3, 8)
                .parameter("stem.bias", 2)
                .buffer("bn.running_mean", 2)
                .build(device);
    }

    private AdamOptimizer adam(ParameterStore of) {
        return new AdamOptimizer(device, new AdamSettings(.9, .999, 1e-8, 0, false, 1), of.values(), of.gradients());
    }

    /** Any finite bit patterns in the logical elements, 0 in the padding. */
    private static void fillWithBits(Slice slice, Map<String, ParameterStore.Entry> entries, int seed) {
        float[] values = new float[slice.length()];
        int bits = seed * 0x9E3779B9;
        for (ParameterStore.Entry entry : entries.values()) {
            for (int i = 0; i < entry.logicalCount(); i++) {
                bits = bits * 1664525 + 1013904223;
                float value = Float.intBitsToFloat(bits);
                values[entry.offset() + entry.storedIndex(i)] = Float.isFinite(value) ? value : -0f;
            }
        }
        write(slice, values);
    }

    private static void write(Slice slice, float[] values) {
        try (Arena arena = Arena.ofConfined()) {
            slice.buffer().device().write(slice, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
        }
    }

    private static int[] bits(Slice slice) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate(ValueLayout.JAVA_INT, slice.length());
            slice.buffer().device().read(slice, host);
            return host.toArray(ValueLayout.JAVA_INT);
        }
    }
}
