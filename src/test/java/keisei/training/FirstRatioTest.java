package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import keisei.ppo.PpoMetrics;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** In the first minibatch of every update the network is still the one that played. */
class FirstRatioTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"resnet", "resnet_spatial"})
    void rolloutAndUpdateComputeTheSameFunction(String model) {
        List<PpoMetrics> updates = new ArrayList<>();
        Runs.train(
                Runs.config(
                        folder,
                        "training.model_type=" + model,
                        "env.action_space=" + (model.equals("resnet") ? "compact" : "spatial"),
                        "training.tower_depth=2",
                        "training.tower_width=16",
                        "training.se_ratio=0.25",
                        "training.normalization=running",
                        "training.learning_rate=1e-3",
                        "training.total_timesteps=" + 6 * Runs.STEPS_PER_UPDATE),
                trainer -> trainer.callbackManager().add(Runs.callback("look", p -> updates.add(p.ppo()))));

        assertThat(updates).hasSize(6).allSatisfy(update -> {
            assertThat(update.firstRatioDeviation()).isLessThan(1e-4);
            assertThat(Math.abs(update.firstKl())).isLessThan(1e-7);
            assertThat(update.klLowVariance())
                    .as("the later minibatches have moved")
                    .isGreaterThan(1e-6);
        });
    }
}
