package keisei.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import keisei.random.RandomStream;
import org.junit.jupiter.api.Test;

class InitializationTest {
    private static final ModelSpec SPEC = new ModelSpec("resnet", 46, 9, 300, 1, 32, 0.25);

    private static Map<String, StateDict.NamedTensor> fresh(long seed) {
        try (CpuDevice device = new CpuDevice(1);
                ActorCritic tower = new ActorCriticResTower(SPEC, device, new RandomStream(seed, 1))) {
            return StateDict.export(tower.parameters());
        }
    }

    private static float[] data(Map<String, StateDict.NamedTensor> tensors, String name) {
        StateDict.NamedTensor tensor = tensors.get(name);
        assertThat(tensor).as(name).isNotNull();
        return tensor == null ? new float[0] : tensor.data();
    }

    private static void assertUniform(float[] values, double bound) {
        double largest = 0;
        double squares = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
            squares += (double) value * value;
        }
        assertThat(largest).isLessThanOrEqualTo(bound * (1 + 1e-6)).isGreaterThan(0.8 * bound);
        // The variance of a uniform distribution on [-b, b] is b^2 / 3.
        assertThat(squares / values.length).isEqualTo(bound * bound / 3, within(bound * bound * 0.15));
    }

    @Test
    void weightsAndBiasesAreUniformByTheLogicalFanIn() {
        Map<String, StateDict.NamedTensor> tensors = fresh(1);

        assertUniform(data(tensors, "stem.conv.weight"), 1 / Math.sqrt(46 * 9));
        assertUniform(data(tensors, "stem.conv.bias"), 1 / Math.sqrt(46 * 9));
        assertUniform(data(tensors, "blocks.0.conv2.weight"), 1 / Math.sqrt(32 * 9));
        assertUniform(data(tensors, "blocks.0.se.fc1.weight"), 1 / Math.sqrt(32));
        assertUniform(data(tensors, "blocks.0.se.fc2.weight"), 1 / Math.sqrt(8));
        assertUniform(data(tensors, "value.fc.weight"), 1 / Math.sqrt(162));
    }

    @Test
    void thePolicysLastLayerIsAHundredthOfThat() {
        Map<String, StateDict.NamedTensor> tensors = fresh(1);

        assertUniform(data(tensors, "policy.fc.weight"), 0.01 / Math.sqrt(162));
        assertUniform(data(tensors, "policy.fc.bias"), 0.01 / Math.sqrt(162));
    }

    @Test
    void normsStartAsTheIdentity() {
        Map<String, StateDict.NamedTensor> tensors = fresh(1);

        assertThat(data(tensors, "blocks.0.bn1.weight")).containsOnly(1);
        assertThat(data(tensors, "policy.bn.bias")).containsOnly(0);
        assertThat(data(tensors, "stem.bn.running_mean")).containsOnly(0);
        assertThat(data(tensors, "value.bn.running_var")).containsOnly(1);
    }

    @Test
    void theSeedDecidesOnEveryDevice() {
        assertThat(data(fresh(7), "blocks.0.conv1.weight")).isEqualTo(data(fresh(7), "blocks.0.conv1.weight"));
        assertThat(data(fresh(7), "blocks.0.conv1.weight")).isNotEqualTo(data(fresh(8), "blocks.0.conv1.weight"));
        try (ReferenceDevice device = new ReferenceDevice();
                ActorCritic tower = new ActorCriticResTower(SPEC, device, new RandomStream(7, 1))) {
            assertThat(data(StateDict.export(tower.parameters()), "blocks.0.conv1.weight"))
                    .isEqualTo(data(fresh(7), "blocks.0.conv1.weight"));
        }
    }
}
