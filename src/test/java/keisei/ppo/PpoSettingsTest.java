package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import keisei.nn.Normalization;
import org.junit.jupiter.api.Test;

class PpoSettingsTest {
    @Test
    void everyProblemIsNamedWithValueAndWhatIsAllowed() {
        assertThatThrownBy(() -> new PpoSettings(
                        0,
                        1.5,
                        Double.NaN,
                        -1,
                        Double.POSITIVE_INFINITY,
                        0,
                        0,
                        true,
                        false,
                        Double.NaN,
                        Normalization.BATCH,
                        2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gamma is 0.0, must be in (0, 1]")
                .hasMessageContaining("gaeLambda is 1.5, must be in [0, 1]")
                .hasMessageContaining("clipRange is NaN")
                .hasMessageContaining("valueCoefficient is -1.0")
                .hasMessageContaining("entropyCoefficient is Infinity")
                .hasMessageContaining("epochs is 0, must be >= 1")
                .hasMessageContaining("minibatchSize is 0, must be >= 1")
                .hasMessageContaining("targetKl is NaN")
                .hasMessageContaining("statisticsMomentum is 2.0, must be in [0, 1]");
    }

    @Test
    void defaultsAreTheSeeds() {
        PpoSettings settings = PpoSettings.defaults();

        assertThat(settings.gamma()).isEqualTo(.99);
        assertThat(settings.gaeLambda()).isEqualTo(.95);
        assertThat(settings.epochs()).isEqualTo(10);
        assertThat(settings.minibatchSize()).isEqualTo(64);
        assertThat(settings.loss().clipRange()).isEqualTo(.2);
        assertThat(settings.loss().valueCoefficient()).isEqualTo(.5);
        assertThat(settings.loss().entropyCoefficient()).isEqualTo(.01);
    }
}
