package keisei.nn;

import static keisei.golden.Workbench.read;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import keisei.device.reference.ReferenceDevice;
import keisei.random.RandomStream;
import keisei.tensor.FiniteDifferences;
import keisei.tensor.HostTransfer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TowerGradientTest {
    @ParameterizedTest
    @EnumSource(Normalization.class)
    void allGradientsOfAWholeTowerAgreeWithDifferences(Normalization normalization) {
        check(normalization, ActorCriticResTower::new);
    }

    @ParameterizedTest
    @EnumSource(Normalization.class)
    void allGradientsOfATowerWithASpatialPolicyAgreeWithDifferences(Normalization normalization) {
        check(normalization, ActorCriticResTower::withSpatialPolicy);
    }

    private static void check(Normalization normalization, ModelFactory factory) {
        ModelSpec spec = new ModelSpec("resnet", 3, 3, 18, 1, 4, 0.5);
        RandomStream random = new RandomStream(3, 9);
        try (ReferenceDevice device = new ReferenceDevice();
                ActorCritic tower = factory.create(spec, device, random)) {
            Towers.scramble(tower, random);
            tower.setNormalization(normalization);
            TrainingPass pass = tower.trainingPass(2);
            HostTransfer.write(pass.planes(), Towers.planes(spec, 2, random));
            double[] byLogits = Towers.numbers(2 * 18, random);
            double[] byValue = Towers.numbers(2, random);
            pass.forward();
            HostTransfer.write(pass.dLogits(), byLogits);
            HostTransfer.write(pass.dValue(), byValue);
            pass.backward();

            ParameterStore store = tower.parameters();
            assertThat(Arrays.stream(read(store.gradients()))
                            .map(Math::abs)
                            .max()
                            .orElse(0))
                    .isGreaterThan(0.1);
            for (ParameterStore.Entry entry : store.parameters().values()) {
                // Padded input channels meet planes of 0, so their difference quotient is 0 as well.
                FiniteDifferences.check(
                        entry.name(), store.value(entry.name()), read(store.gradient(entry.name())), 1, () -> {
                            tower.parametersChanged();
                            pass.forward();
                            return dot(byLogits, read(pass.logits())) + dot(byValue, read(pass.value()));
                        });
            }
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
