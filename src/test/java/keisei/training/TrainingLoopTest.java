package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import keisei.checkpoint.CheckpointStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingLoopTest {
    @TempDir
    private Path folder;

    private List<Long> checkpoints(String run) throws IOException {
        return new CheckpointStore(folder.resolve(run))
                .list().stream().map(CheckpointStore.Found::timestep).toList();
    }

    @Test
    void theLastPartialRolloutIsLearnedFromAndTheRunStopsAtItsTotal() throws IOException {
        List<Long> timesteps = new ArrayList<>();
        List<Integer> rows = new ArrayList<>();
        // 2 updates of 128 and 44 more: 5 whole rounds of 8 games and one that reaches the total.
        String text = Runs.train(
                Runs.config(folder, "logging.run_name=run", "training.total_timesteps=300"),
                trainer -> trainer.callbackManager().add(Runs.callback("look", progress -> {
                    timesteps.add(progress.timestep());
                    rows.add(progress.ppo().rows());
                })));

        assertThat(timesteps).containsExactly(128L, 256L, 304L);
        assertThat(rows).containsExactly(128, 128, 48);
        assertThat(text.lines()).hasSize(3).allMatch(line -> line.contains("/300 steps"));
        assertThat(text.lines().toList().getLast()).startsWith("304/300 steps").contains("ETA 0:00");
        assertThat(checkpoints("run")).containsExactly(304L);
        assertThat(checkpoints("run/final_model")).containsExactly(304L);
    }

    @Test
    void gamesInHalvesPlayTheSameRunAndTheTimesAddUp() throws IOException {
        List<List<Double>> runs = new ArrayList<>();
        // 9 games: halves of 4 and 5; the last rollout is partial.
        for (String overlap : List.of("on", "off")) {
            List<Double> losses = new ArrayList<>();
            runs.add(losses);
            try (Trainer trainer = Runs.trainer(
                    Runs.config(
                            folder,
                            "logging.run_name=" + overlap,
                            "env.num_games=9",
                            "training.steps_per_epoch=144",
                            "training.total_timesteps=300",
                            "env.overlap=" + overlap),
                    Optional.empty())) {
                assertThat(trainer.setupManager().buffer().parts()).isEqualTo(overlap.equals("on") ? 2 : 1);
                trainer.callbackManager().add(Runs.callback("look", progress -> {
                    losses.add((double) progress.timestep());
                    losses.addAll(progress.ppo().asMap().values());
                }));
                TrainingSummary summary = trainer.runTrainingLoop();
                assertThat(summary.environmentSeconds()).isPositive();
                assertThat(summary.inferenceSeconds()).isPositive();
                assertThat(summary.environmentSeconds() + summary.inferenceSeconds() + summary.updateSeconds())
                        .isLessThan(summary.elapsedSeconds());
            }
        }
        assertThat(runs.get(0)).isEqualTo(runs.get(1));
        assertThat(runs.get(0)).contains(306.0);
    }

    @Test
    void aStopBeforeTheFirstUpdateWritesNoCheckpoint() throws IOException {
        try (Trainer trainer = Runs.trainer(Runs.config(folder, "logging.run_name=run"), Optional.empty())) {
            trainer.trainingLoopManager().requestStop();
            TrainingSummary summary = trainer.runTrainingLoop();

            assertThat(summary.complete()).isFalse();
            assertThat(summary.timestep()).isZero();
        }
        assertThat(checkpoints("run")).isEmpty();
    }

    @Test
    void checkpointsAreWrittenWhereTheIntervalIsCrossed() throws IOException {
        Runs.train(
                Runs.config(
                        folder,
                        "logging.run_name=run",
                        "training.total_timesteps=" + 7 * 128,
                        "training.checkpoint_interval_timesteps=300"),
                trainer -> {});

        // 300 lies in (256, 384], 600 in (512, 640]; the last one is the end.
        assertThat(checkpoints("run")).containsExactly(384L, 640L, 896L);
    }

    @Test
    void aCallbackThatFailsIsLoggedAndTheOthersAndTrainingGoOn() throws IOException {
        List<Long> seen = new ArrayList<>();
        Runs.train(Runs.config(folder, "logging.run_name=run"), trainer -> {
            trainer.callbackManager().add(Runs.callback("broken", progress -> {
                throw new IllegalStateException("out of ink");
            }));
            trainer.callbackManager().add(Runs.callback("after", progress -> seen.add(progress.timestep())));
        });

        assertThat(seen).containsExactly(128L, 256L, 384L);
        assertThat(Files.readString(folder.resolve("run/training_log.txt")))
                .containsSubsequence(
                        "WARNING callback broken failed: java.lang.IllegalStateException: out of ink",
                        "WARNING callback broken failed",
                        "WARNING callback broken failed",
                        "complete at timestep 384");
    }

    @Test
    void callbacksRunInTheirOrderAndCanBeRemovedByType() {
        final class Mine implements Callback {
            @Override
            public String name() {
                return "mine";
            }

            @Override
            public void afterUpdate(TrainingProgress progress) {}
        }
        try (Trainer trainer = Runs.trainer(Runs.config(folder), Optional.empty())) {
            CallbackManager callbacks = trainer.callbackManager();
            callbacks.add(new Mine());
            callbacks.add(Runs.callback("last", progress -> {}));

            assertThat(callbacks.callbacks()).extracting(Callback::name).containsExactly("checkpoint", "mine", "last");
            assertThat(callbacks.remove(Mine.class)).isTrue();
            assertThat(callbacks.remove(Mine.class)).isFalse();
            assertThat(callbacks.callbacks()).extracting(Callback::name).containsExactly("checkpoint", "last");
        }
    }

    @Test
    void anErrorWithinTrainingIsThrownOnAfterTheLastBoundaryWasSaved() throws IOException {
        try (Trainer trainer = Runs.trainer(Runs.config(folder, "logging.run_name=run"), Optional.empty())) {
            trainer.callbackManager().add(Runs.callback("close", progress -> {
                if (progress.timestep() == 256) {
                    trainer.setupManager().buffer().close();
                }
            }));

            assertThatThrownBy(trainer::runTrainingLoop).isInstanceOf(IllegalStateException.class);
        }
        assertThat(checkpoints("run")).containsExactly(256L);
        assertThat(Files.readString(folder.resolve("run/training_log.txt"))).contains("WARNING training failed: ");
    }

    @Test
    void halfPrecisionOnTheCpuIsToldWithItsReasonAndTrainingGoesOn() throws IOException {
        Runs.train(Runs.config(folder, "logging.run_name=run", "training.mixed_precision=true"), trainer -> {});

        assertThat(Files.readString(folder.resolve("run/training_log.txt")))
                .contains("training.mixed_precision is true, but device ", "float32 only")
                .contains("complete at timestep 384");
    }
}
