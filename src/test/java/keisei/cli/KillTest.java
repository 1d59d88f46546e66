package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import keisei.checkpoint.CheckpointStore;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whenever a run is killed, it goes on from its last checkpoint. */
class KillTest {
    private static final int KILLS = 20;
    private static final Pattern RESUMED = Pattern.compile("resumed from \\S+ at timestep (\\d+)");

    @TempDir
    private Path folder;

    @BeforeEach
    void needsSignals() {
        Assumptions.assumeTrue(File.separatorChar == '/', "needs SIGKILL");
    }

    private Path run() {
        return folder.resolve("models/run");
    }

    /** Timestep of the newest checkpoint, 0 for none. All must be whole: what has its name is finished. */
    private long newestTimestep() throws IOException {
        CheckpointStore.Latest latest = new CheckpointStore(run()).latestValid();
        assertThat(latest.skipped()).as("damaged checkpoints").isEmpty();
        return latest.loaded()
                .map(loaded -> loaded.data().manifest().timestep())
                .orElse(0L);
    }

    /** 1 when the kill came while a checkpoint was written; the next write clears away what it left. */
    private int unfinishedWrites() throws IOException {
        if (!Files.isDirectory(run())) {
            return 0;
        }
        try (Stream<Path> children = Files.list(run())) {
            return (int) Math.min(
                    1,
                    children.filter(child -> child.getFileName().toString().startsWith(".tmp-"))
                            .count());
        }
    }

    /** Until a checkpoint is being written, or for a few seconds. */
    private void awaitAWrite() throws IOException {
        long end = System.nanoTime() + 3_000_000_000L;
        while (unfinishedWrites() == 0 && System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    private static long resumedAt(String output) {
        Matcher matcher = RESUMED.matcher(output);
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    private ChildTraining start(long newest, boolean withConfig, String... more) throws IOException {
        List<String> arguments =
                new ArrayList<>(List.of("--resume", "latest", "--savedir", "models", "--run-name", "run"));
        // Without a configuration a resumed run takes the one that it wrote; it needs a checkpoint for that.
        if (withConfig || newest == 0) {
            arguments.addAll(List.of("--config", "tiny.yaml"));
        }
        arguments.addAll(List.of(more));
        return new ChildTraining(folder, arguments.toArray(String[]::new));
    }

    @Test
    void aRunThatIsKilledAgainAndAgainAlwaysGoesOnFromItsLastCheckpoint() throws Exception {
        long seed = Long.getLong("keisei.test.seed", System.nanoTime());
        System.out.println("KillTest: -Dkeisei.test.seed=" + seed);
        Random random = new Random(seed);
        Files.writeString(folder.resolve("tiny.yaml"), ChildTraining.TINY);
        long newest = 0;
        int unfinished = 0;
        long startMillis = 1000;
        for (int i = 0; i < KILLS; i++) {
            try (ChildTraining child = start(newest, i % 2 == 0)) {
                long started = System.nanoTime();
                boolean starting = i == 0 || i % 4 == 3;
                if (starting) {
                    Thread.sleep(random.nextLong(startMillis));
                } else {
                    child.awaitOutput(" steps  ");
                    startMillis = (System.nanoTime() - started) / 1_000_000;
                    Thread.sleep(random.nextLong(50, 800));
                    if (i % 4 == 1) {
                        awaitAWrite();
                    }
                }
                assertThat(child.isAlive())
                        .as("run %d of seed %d: %s", i, seed, child.output())
                        .isTrue();
                child.kill();
                String output = child.output();
                if (!starting) {
                    assertThat(resumedAt(output))
                            .as("run %d of seed %d: %s", i, seed, output)
                            .isEqualTo(newest);
                }
                long now = newestTimestep();
                assertThat(now)
                        .as("checkpoint after run %d of seed %d", i, seed)
                        .isGreaterThanOrEqualTo(newest);
                newest = now;
                unfinished += unfinishedWrites();
            }
        }
        assertThat(newest).as("the run got on").isPositive();
        System.out.println("KillTest: at timestep %d, kills that left an unfinished checkpoint: %d of %d"
                .formatted(newest, unfinished, KILLS));

        try (ChildTraining last = start(newest, false, "--total-timesteps", Long.toString(newest + 64))) {
            assertThat(last.exitCode(120)).as(last.output()).isZero();
            assertThat(resumedAt(last.output())).isEqualTo(newest);
        }
        assertThat(newestTimestep()).isEqualTo(newest + 64);
    }

    @Test
    void aNamedRunThatWasKilledBeforeItsFirstCheckpointBeginsAgain() throws Exception {
        Files.writeString(folder.resolve("tiny.yaml"), ChildTraining.TINY);
        Files.createDirectories(run());
        Files.writeString(run().resolve("training_log.txt"), "[2026-01-01 00:00:00] session of run run starts\n");

        try (ChildTraining child = start(0, true, "--total-timesteps", "32")) {
            assertThat(child.exitCode(120)).as(child.output()).isZero();
            assertThat(child.output())
                    .contains("no checkpoint to resume under models")
                    .contains("a new run");
        }

        assertThat(newestTimestep()).isEqualTo(32);
        assertThat(Files.readString(run().resolve("training_log.txt")))
                .startsWith("[2026-01-01 00:00:00] session of run run starts\n");
    }
}
