package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import keisei.checkpoint.CheckpointData;
import keisei.checkpoint.CheckpointManifest;
import keisei.checkpoint.CheckpointStore;
import keisei.checkpoint.TensorData;
import keisei.device.Slice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run that was stopped and continued from disk is the run that was never stopped, bit for bit. */
class ResumeTest {
    private static final int UPDATES_BEFORE = 3;
    private static final int UPDATES_AFTER = 3;
    private static final long STOP = (long) UPDATES_BEFORE * Runs.STEPS_PER_UPDATE;
    private static final long TOTAL = (long) (UPDATES_BEFORE + UPDATES_AFTER) * Runs.STEPS_PER_UPDATE;

    @TempDir
    private Path folder;

    /** Bytes of a rollout's actions, log-probabilities, values, masks and positions by timestep. */
    private final Map<Long, byte[]> rolloutsOfWhole = new TreeMap<>();

    private String[] overrides(String... more) {
        String[] common = {
            "training.total_timesteps=" + TOTAL,
            "training.checkpoint_interval_timesteps=1",
            "training.lr_schedule_type=linear",
            "training.lr_schedule_step_on=update",
            "training.weight_decay=0.01",
            "training.enable_value_clipping=true",
            "display.metrics_window_size=10"
        };
        String[] all = Arrays.copyOf(common, common.length + more.length);
        System.arraycopy(more, 0, all, common.length, more.length);
        return all;
    }

    private static void copyTo(Map<Long, byte[]> rollouts, Trainer trainer) {
        trainer.callbackManager().add(Runs.callback("rollout", progress -> {
            var buffer = trainer.setupManager().buffer();
            rollouts.put(
                    progress.timestep(),
                    concat(
                            bytes(buffer.actions()),
                            bytes(buffer.logProbabilities()),
                            bytes(buffer.values()),
                            bytes(buffer.masks()),
                            bytes(buffer.packed())));
        }));
    }

    private static byte[] bytes(Slice slice) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host =
                    arena.allocate((long) slice.length() * slice.dtype().bytes(), 64);
            slice.buffer().device().read(slice, host);
            return host.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static byte[] concat(byte[]... parts) {
        byte[] all = new byte[Arrays.stream(parts).mapToInt(part -> part.length).sum()];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }

    private static Path checkpoint(Path run, long timestep) {
        return run.resolve("checkpoint_ts" + timestep);
    }

    private static CheckpointData read(Path run, long timestep) throws IOException {
        return new CheckpointStore(run).read(checkpoint(run, timestep));
    }

    private static ResumePoint latest(Path models) {
        return ResumePoint.find(new ResumeRequest.Latest(), models, Optional.of("run"))
                .orElseThrow();
    }

    private Path uninterrupted(String... more) {
        Path models = folder.resolve("whole");
        Runs.train(Runs.config(models, overrides(more)), trainer -> copyTo(rolloutsOfWhole, trainer));
        return models.resolve("run");
    }

    /** Everything but the configuration, which names directories and threads. */
    private static void assertSameState(CheckpointData expected, CheckpointData found) {
        CheckpointManifest one = expected.manifest();
        CheckpointManifest two = found.manifest();
        assertThat(two.timestep()).isEqualTo(one.timestep());
        assertThat(two.model()).isEqualTo(one.model());
        assertThat(two.optimizerStep()).as("optimizer steps").isEqualTo(one.optimizerStep());
        assertThat(two.counters()).as("counters").isEqualTo(one.counters());
        assertThat(two.schedule()).as("schedule").isEqualTo(one.schedule());
        assertThat(two.metrics()).as("windows").isEqualTo(one.metrics());
        assertThat(two.randomStates()).as("random states").isEqualTo(one.randomStates());
        assertThat(two.games()).as("running games").isEqualTo(one.games());
        assertThat(two.featureSet()).isEqualTo(one.featureSet());
        assertThat(two.actionSpace()).isEqualTo(one.actionSpace());
        assertSameTensors(expected.model(), found.model());
        assertSameTensors(expected.optimizer(), found.optimizer());
    }

    private static void assertSameTensors(Map<String, TensorData> expected, Map<String, TensorData> found) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, tensor) -> assertThat(found).containsEntry(name, tensor));
    }

    private void assertContinuesAs(Path whole, Path models, String... more) throws IOException {
        Map<Long, byte[]> rollouts = new TreeMap<>();
        ResumePoint point = latest(models);
        assertThat(point.data().manifest().timestep()).isEqualTo(STOP);
        try (Trainer trainer = Runs.trainer(Runs.config(models, overrides(more)), Optional.of(point))) {
            copyTo(rollouts, trainer);
            assertThat(trainer.runTrainingLoop().complete()).isTrue();
        }
        Path run = models.resolve("run");
        for (long timestep = STOP; timestep <= TOTAL; timestep += Runs.STEPS_PER_UPDATE) {
            assertSameState(read(whole, timestep), read(run, timestep));
            for (String file : new String[] {"model.safetensors", "optimizer.safetensors"}) {
                assertThat(Files.mismatch(
                                checkpoint(whole, timestep).resolve(file),
                                checkpoint(run, timestep).resolve(file)))
                        .as("%s at %d", file, timestep)
                        .isEqualTo(-1);
            }
            if (timestep > STOP) {
                assertThat(Arrays.equals(rollouts.get(timestep), rolloutsOfWhole.get(timestep)))
                        .as("rollout before timestep %d", timestep)
                        .isTrue();
            }
        }
        assertThat(rollouts).hasSize(UPDATES_AFTER);
        assertThat(Files.mismatch(
                        checkpoint(whole.resolve("final_model"), TOTAL).resolve("model.safetensors"),
                        checkpoint(run.resolve("final_model"), TOTAL).resolve("model.safetensors")))
                .isEqualTo(-1);
    }

    @ParameterizedTest(name = "{0}, {1} threads and overlap {3} before, {2} threads and overlap {4} after")
    @CsvSource({
        "running,2,2,off,off",
        "running,1,2,on,on",
        "running,2,1,off,on",
        "running,2,2,on,off",
        "batch,2,2,auto,auto"
    })
    void aStoppedRunGoesOnAsIfItHadNotBeenStopped(
            String normalization, int before, int after, String overlapBefore, String overlapAfter) throws IOException {
        String[] common = {
            "logging.run_name=run",
            "training.normalization=" + normalization,
            "env.threads=" + before,
            "env.overlap=" + overlapBefore
        };
        Path whole = uninterrupted(common);
        Path models = folder.resolve("stopped");
        Runs.train(
                Runs.config(models, overrides(common)),
                trainer -> trainer.callbackManager().add(Runs.callback("stop", progress -> {
                    if (progress.timestep() == STOP) {
                        trainer.trainingLoopManager().requestStop();
                    }
                })));
        CheckpointManifest manifest = read(models.resolve("run"), STOP).manifest();
        assertThat(manifest.games().stream().filter(game -> !game.moves().isEmpty()))
                .as("the boundary lies within games")
                .hasSizeGreaterThan(Runs.GAMES / 2);
        assertThat(manifest.metrics().path("games").size())
                .as("games have ended")
                .isPositive();

        common[2] = "env.threads=" + after;
        common[3] = "env.overlap=" + overlapAfter;
        assertContinuesAs(whole, models, common);
    }

    @ParameterizedTest
    @ValueSource(strings = {"off", "on"})
    void aStopWithinARolloutGoesBackToTheBoundaryBeforeIt(String overlap) throws IOException {
        Path whole = uninterrupted("logging.run_name=run", "env.overlap=" + overlap);
        Path models = folder.resolve("stopped");
        Runs.train(
                Runs.config(
                        models,
                        overrides(
                                "logging.run_name=run",
                                "training.checkpoint_interval_timesteps=0",
                                "env.overlap=" + overlap)),
                trainer -> trainer.callbackManager().add(Runs.callback("stop", progress -> {
                    if (progress.timestep() == STOP) {
                        // What the loop has done when the stop comes a few moves later.
                        trainer.setupManager().buffer().clear();
                        for (int i = 0; i < 5; i++) {
                            trainer.metricsManager()
                                    .recordStep(trainer.stepManager().executeStep(true));
                        }
                        trainer.trainingLoopManager().requestStop();
                    }
                })));
        assertThat(new CheckpointStore(models.resolve("run")).list())
                .extracting(CheckpointStore.Found::timestep)
                .containsExactly(STOP);

        assertContinuesAs(whole, models, "logging.run_name=run", "env.overlap=" + overlap);
    }

    @Test
    void runsOfTheSameSeedAreTheSameAndOfAnotherSeedAreNot() throws IOException {
        Path one = uninterrupted("logging.run_name=run");
        Path models = folder.resolve("again");
        Runs.train(Runs.config(models, overrides("logging.run_name=run", "env.threads=1")), trainer -> {});
        Runs.train(Runs.config(models, overrides("logging.run_name=other", "env.seed=12")), trainer -> {});

        assertSameState(read(one, TOTAL), read(models.resolve("run"), TOTAL));
        assertThat(read(models.resolve("other"), TOTAL).manifest().games())
                .isNotEqualTo(read(one, TOTAL).manifest().games());
    }

    @Test
    void anOlderCheckpointIsContinuedInADirectoryOfItsOwn() throws IOException {
        Path whole = uninterrupted("logging.run_name=run");
        long older = Runs.STEPS_PER_UPDATE;
        ResumePoint point = ResumePoint.find(
                        new ResumeRequest.At(checkpoint(whole, older)), folder.resolve("whole"), Optional.empty())
                .orElseThrow();
        Path models = folder.resolve("branch");
        try (Trainer trainer = Runs.trainer(
                Runs.config(models, overrides("logging.run_name=branch", "training.total_timesteps=" + 2 * older)),
                Optional.of(point))) {
            trainer.runTrainingLoop();
            assertThat(trainer.runDirectory()).isEqualTo(models.resolve("branch"));
        }

        // The schedule of a shorter run differs, so the weights do; the rollout before that update does not.
        CheckpointManifest branch = read(models.resolve("branch"), 2 * older).manifest();
        CheckpointManifest original = read(whole, 2 * older).manifest();
        assertThat(branch.games()).isEqualTo(original.games());
        assertThat(branch.randomStates()).isEqualTo(original.randomStates());
    }
}
