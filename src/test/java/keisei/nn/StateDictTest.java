package keisei.nn;

import static keisei.golden.Workbench.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import keisei.device.cpu.CpuDevice;
import keisei.random.RandomStream;
import org.junit.jupiter.api.Test;

class StateDictTest {
    @Test
    void aModelComesBackBitForBit() {
        try (CpuDevice device = new CpuDevice(1);
                ActorCritic one = new ActorCriticResTower(Towers.spec(0.25), device, new RandomStream(1, 1));
                ActorCritic two = new ActorCriticResTower(Towers.spec(0.25), device, new RandomStream(2, 1))) {
            Towers.scramble(one, new RandomStream(3, 1));

            StateDict.load(two.parameters(), StateDict.export(one.parameters()));

            assertThat(read(two.parameters().values()))
                    .isEqualTo(read(one.parameters().values()));
            assertThat(read(two.parameters().statistics()))
                    .isEqualTo(read(one.parameters().statistics()));
        }
    }

    @Test
    void namesAndShapesAreThoseOfPyTorch() {
        try (CpuDevice device = new CpuDevice(1);
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0.25), device, new RandomStream(1, 1))) {
            Map<String, StateDict.NamedTensor> tensors = StateDict.export(tower.parameters());

            assertThat(tensors.keySet())
                    .startsWith("stem.conv.weight", "stem.conv.bias", "stem.bn.weight", "stem.bn.bias")
                    .contains("blocks.1.se.fc2.bias", "policy.fc.weight", "value.bn.running_var")
                    .hasSize(4 + 2 * 12 + 2 * 6 + 2 * (1 + 2 * 2 + 2));
            assertThat(tensors.get("stem.conv.weight"))
                    .extracting(StateDict.NamedTensor::shape)
                    .isEqualTo(List.of(8, 5, 3, 3));
        }
    }

    @Test
    void everythingThatDoesNotFitIsListedAndNothingIsWritten() {
        try (CpuDevice device = new CpuDevice(1);
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0.25), device, new RandomStream(1, 1))) {
            Map<String, StateDict.NamedTensor> tensors = StateDict.export(tower.parameters());
            double[] before = read(tower.parameters().values());
            tensors.remove("value.fc.bias");
            tensors.put("extra", new StateDict.NamedTensor(List.of(1), new float[1]));
            tensors.put("stem.bn.weight", new StateDict.NamedTensor(List.of(3), new float[3]));
            tensors.put("stem.conv.bias", new StateDict.NamedTensor(List.of(8), new float[8]));

            assertThatIllegalArgumentException()
                    .isThrownBy(() -> StateDict.load(tower.parameters(), tensors))
                    .withMessageContaining("'value.fc.bias' is missing")
                    .withMessageContaining("'extra' is not in the model")
                    .withMessageContaining("'stem.bn.weight' has shape [3], it must be [8]");
            assertThat(read(tower.parameters().values())).isEqualTo(before);
        }
    }
}
