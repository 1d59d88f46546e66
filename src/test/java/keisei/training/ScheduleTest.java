package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import keisei.config.AppConfig;
import keisei.optim.LearningRateSchedule;
import keisei.ppo.PpoMetrics;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The schedule's length is the number of steps that the run really takes, the last and shorter update included. */
class ScheduleTest {
    private static final double RATE = 1e-3;
    private static final double FINAL = 1e-4;

    @TempDir
    private Path folder;

    private record Trained(AppConfig config, List<PpoMetrics> updates, long gradientSteps) {}

    private Trained train(String stepOn, long totalTimesteps) {
        AppConfig config = Runs.config(
                folder,
                "training.learning_rate=" + RATE,
                "training.lr_schedule_type=linear",
                "training.lr_schedule_kwargs.final_lr_fraction=0.1",
                "training.lr_schedule_step_on=" + stepOn,
                "training.total_timesteps=" + totalTimesteps);
        List<PpoMetrics> updates = new ArrayList<>();
        long[] gradientSteps = new long[1];
        Runs.train(
                config,
                trainer -> trainer.callbackManager().add(Runs.callback("look", progress -> {
                    updates.add(progress.ppo());
                    gradientSteps[0] = trainer.setupManager().agent().gradientSteps();
                })));
        return new Trained(config, updates, gradientSteps[0]);
    }

    // 128 rows an update in minibatches of 48: 3 a pass, 6 an update; a last rollout of 50 is one of 56 (7 rounds).
    @ParameterizedTest
    @CsvSource({"384,3,18", "306,3,16", "128,1,6", "5,1,2"})
    void aLinearScheduleByGradientStepEndsWithTheLastOne(long total, int updates, long steps) {
        Trained run = train("update", total);

        assertThat(run.updates()).hasSize(updates);
        assertThat(run.gradientSteps()).isEqualTo(steps);
        LearningRateSchedule schedule = SetupManager.schedule(run.config());
        assertThat(schedule.at(0)).isEqualTo(RATE);
        assertThat(schedule.at(steps)).isCloseTo(FINAL, within(1e-15));
        double perStep = (RATE - FINAL) / steps;
        assertThat(run.updates().getLast().learningRate())
                .as("rate of the last step, one step before the end of the line")
                .isCloseTo(FINAL + perStep, within(1e-12));
    }

    @ParameterizedTest
    @CsvSource({"384,3", "306,3", "128,1", "5,1"})
    void aLinearScheduleByEpochEndsWithTheLastUpdate(long total, int updates) {
        Trained run = train("epoch", total);

        double perUpdate = (RATE - FINAL) / updates;
        assertThat(run.updates()).hasSize(updates);
        for (int i = 0; i < updates; i++) {
            assertThat(run.updates().get(i).learningRate()).isCloseTo(RATE - i * perUpdate, within(1e-12));
        }
        assertThat(SetupManager.schedule(run.config()).at(6L * updates)).isCloseTo(FINAL, within(1e-15));
    }

    @ParameterizedTest
    @ValueSource(strings = {"epoch", "update"})
    void withoutAScheduleTheRateStays(String stepOn) {
        AppConfig config =
                Runs.config(folder, "training.learning_rate=" + RATE, "training.lr_schedule_step_on=" + stepOn);

        assertThat(SetupManager.schedule(config).at(0)).isEqualTo(RATE);
        assertThat(SetupManager.schedule(config).at(1_000_000)).isEqualTo(RATE);
    }
}
