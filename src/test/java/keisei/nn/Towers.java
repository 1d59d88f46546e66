package keisei.nn;

import java.util.function.Supplier;
import java.util.stream.Stream;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import keisei.random.RandomStream;
import keisei.tensor.HostTransfer;
import org.junit.jupiter.api.Named;

/** Devices, small towers and random numbers for the tests of this package. */
final class Towers {
    private Towers() {}

    static Stream<Named<Supplier<Device>>> devices() {
        return Stream.of(
                Named.of("reference", ReferenceDevice::new), Named.of("cpu with 2 threads", () -> new CpuDevice(2)));
    }

    static ModelSpec spec(double seRatio) {
        return new ModelSpec("resnet", 5, 4, 37, 2, 8, seRatio);
    }

    static double[] numbers(int count, RandomStream random) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = 2 * random.nextDouble() - 1;
        }
        return values;
    }

    /** Images with the padding at 0. */
    static double[] planes(ModelSpec spec, int batch, RandomStream random) {
        double[] values = numbers(batch * spec.spatial() * spec.paddedChannels(), random);
        for (int i = 0; i < values.length; i++) {
            if (i % spec.paddedChannels() >= spec.inputChannels()) {
                values[i] = 0;
            }
        }
        return values;
    }

    /** Gives every logical parameter and statistic another value than its first; padding stays 0. */
    static void scramble(ActorCritic model, RandomStream random) {
        ParameterStore store = model.parameters();
        for (ParameterStore.Entry entry : store.parameters().values()) {
            double offset = entry.shape().size() == 1 && entry.name().endsWith("weight") ? 1 : 0;
            double[] stored = new double[entry.storedCount()];
            for (int i = 0; i < entry.logicalCount(); i++) {
                stored[entry.storedIndex(i)] = offset + 0.2 * (2 * random.nextDouble() - 1);
            }
            HostTransfer.write(store.value(entry.name()), stored);
        }
        for (ParameterStore.Entry entry : store.buffers().values()) {
            double[] values = numbers(entry.storedCount(), random);
            for (int i = 0; i < values.length; i++) {
                values[i] = entry.name().endsWith("var") ? 1 + values[i] / 2 : values[i] / 2;
            }
            HostTransfer.write(store.value(entry.name()), values);
        }
        model.parametersChanged();
    }
}
