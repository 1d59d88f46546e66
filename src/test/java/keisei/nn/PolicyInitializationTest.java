package keisei.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import keisei.device.Device;
import keisei.device.reference.ReferenceDevice;
import keisei.random.RandomStream;
import keisei.tensor.HostTransfer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PolicyInitializationTest {
    @ParameterizedTest
    @CsvSource({"resnet, policy.fc", "resnet_spatial, policy.out"})
    void scalesTheLastLayerOfThePolicyAndNothingElse(String type, String layer) {
        ModelSpec spec = new ModelSpec(type, 5, 5, 50, 1, 8, 0.25);
        try (Device device = new ReferenceDevice();
                ActorCritic plain = ModelRegistry.standard().create(spec, device, new RandomStream(1, 0));
                ActorCritic scaled = ModelRegistry.standard().create(spec, device, new RandomStream(1, 0))) {
            PolicyInitialization.rescale(scaled, 1);

            for (String name : plain.parameters().parameters().keySet()) {
                double[] before = HostTransfer.readDoubles(plain.parameters().value(name));
                double[] after = HostTransfer.readDoubles(scaled.parameters().value(name));
                double factor = name.startsWith(layer) ? 100 : 1;
                for (int i = 0; i < before.length; i++) {
                    assertThat(after[i]).as(name).isCloseTo(factor * before[i], within(1e-12));
                }
            }
        }
    }
}
