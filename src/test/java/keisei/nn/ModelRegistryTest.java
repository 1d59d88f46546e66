package keisei.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import keisei.device.cpu.CpuDevice;
import keisei.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelRegistryTest {
    private static ModelSpec spec(String type) {
        return new ModelSpec(type, 46, 9, 13527, 3, 24, 0.5);
    }

    @Test
    void aResnetHasTheSizesAskedFor() {
        try (CpuDevice device = new CpuDevice(1);
                ActorCritic model = ModelRegistry.standard().create(spec("resnet"), device, new RandomStream(1, 1))) {
            assertThat(model).isInstanceOf(ActorCriticResTower.class);
            assertThat(model.spec()).isEqualTo(spec("resnet"));
            assertThat(model.parameters().parameters()).containsKey("blocks.2.se.fc1.weight");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"dummy", "testmodel", "resumemodel"})
    void testModelsAreSmallWhateverIsAskedFor(String type) {
        try (CpuDevice device = new CpuDevice(1);
                ActorCritic model = ModelRegistry.standard().create(spec(type), device, new RandomStream(1, 1))) {
            assertThat(model.spec()).isEqualTo(new ModelSpec(type, 46, 9, 13527, 1, 16, null));
            assertThat(model.parameters().parameters().values().stream()
                            .mapToInt(ParameterStore.Entry::logicalCount)
                            .sum())
                    .isEqualTo(2_216_516);
        }
    }

    @Test
    void unknownTypesAreNamedWithWhatIsKnown() {
        try (CpuDevice device = new CpuDevice(1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(
                            () -> ModelRegistry.standard().create(spec("nonexistent"), device, new RandomStream(1, 1)))
                    .withMessageStartingWith("Unknown model_type: nonexistent")
                    .withMessageContaining("dummy, resnet, resnet_spatial, resumemodel, testmodel");
            assertThat(device.memory().totalBytes()).isZero();
        }
    }

    @Test
    void usersModelsCanBeRegisteredOnce() {
        ModelRegistry registry = ModelRegistry.standard().register("mine", ActorCriticResTower::new);

        assertThat(registry.modelTypes()).contains("mine", "resnet");
        assertThat(ModelRegistry.standard().modelTypes()).doesNotContain("mine");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> registry.register("mine", ActorCriticResTower::new))
                .withMessageContaining("'mine'");
        assertThatIllegalArgumentException().isThrownBy(() -> registry.register(" ", ActorCriticResTower::new));
    }
}
