package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import keisei.checkpoint.CheckpointStore;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ctrl-C and SIGTERM end a run within seconds, and nothing learned is lost. */
class InterruptTest {
    private static final int SIGINT = 2;
    /** The promise. */
    private static final int LIMIT_SECONDS = 5;

    private static final Pattern PROGRESS = Pattern.compile("(?m)^(\\d+)/\\d+ steps  ");

    @TempDir
    private Path folder;

    @BeforeEach
    void configure() throws IOException {
        Assumptions.assumeTrue(File.separatorChar == '/', "needs signals");
        Files.writeString(folder.resolve("tiny.yaml"), ChildTraining.TINY);
    }

    /** A shell without job control has its background jobs ignore SIGINT, and their children inherit that. */
    private static void assumeNotIgnored(ChildTraining child, String signal) throws IOException {
        Path status = Path.of("/proc/" + child.pid() + "/status");
        if (signal.equals("INT") && Files.exists(status)) {
            String line = Files.readAllLines(status).stream()
                    .filter(each -> each.startsWith("SigIgn:"))
                    .findFirst()
                    .orElse("SigIgn: 0");
            long ignored = Long.parseUnsignedLong(line.substring(7).strip(), 16);
            Assumptions.assumeTrue((ignored & 1L << (SIGINT - 1)) == 0, "started with SIGINT ignored");
        }
    }

    private static long lastProgress(String output) {
        long last = 0;
        Matcher matcher = PROGRESS.matcher(output);
        while (matcher.find()) {
            last = Long.parseLong(matcher.group(1));
        }
        return last;
    }

    private CheckpointStore.Loaded newest() throws IOException {
        CheckpointStore.Latest latest = new CheckpointStore(folder.resolve("models/run")).latestValid();
        assertThat(latest.skipped()).isEmpty();
        return latest.loaded().orElseThrow();
    }

    private void assertResumes(long timestep, String... more) throws Exception {
        String[] arguments = {"--resume", "latest", "--savedir", "models", "--total-timesteps", Long.toString(timestep)
        };
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        try (ChildTraining again = new ChildTraining(folder, all)) {
            // The total is reached already: it only has to come up.
            assertThat(again.exitCode(60)).as(again.output()).isZero();
            assertThat(again.output()).contains("at timestep " + timestep);
        }
    }

    @ParameterizedTest
    @CsvSource({"INT,130,off", "TERM,143,on"})
    void aSignalSavesTheLastBoundaryAndEndsTheRun(String signal, int code, String overlap) throws Exception {
        try (ChildTraining child = new ChildTraining(
                folder,
                "--config",
                "tiny.yaml",
                "--savedir",
                "models",
                "--run-name",
                "run",
                "--override",
                "env.overlap=" + overlap,
                "--override",
                "training.checkpoint_interval_timesteps=0")) {
            child.awaitOutput(" steps  ");
            assumeNotIgnored(child, signal);
            child.signal(signal);

            assertThat(child.exitCode(LIMIT_SECONDS)).as(child.output()).isEqualTo(code);
            long seen = lastProgress(child.output());
            assertThat(newest().data().manifest().timestep()).isEqualTo(seen).isPositive();
            assertThat(child.output()).doesNotContain("Exception").contains("final checkpoint: ");
            assertResumes(seen);
        }
    }

    @Test
    void anUpdateThatTakesLongerThanTheLimitIsNotWaitedFor() throws Exception {
        // The first step is so large that the KL limit ends the first update; then the rate is next to nothing, and
        // the second update goes through all its passes, which takes minutes.
        try (ChildTraining child = new ChildTraining(
                folder,
                "--config",
                "tiny.yaml",
                "--savedir",
                "models",
                "--run-name",
                "run",
                "--override",
                "env.variant=shogi",
                "--override",
                "training.checkpoint_interval_timesteps=0",
                "--override",
                "training.steps_per_epoch=8",
                "--override",
                "training.minibatch_size=8",
                "--override",
                "training.ppo_epochs=1000",
                "--override",
                "training.target_kl=1e-5",
                "--override",
                "training.learning_rate=1e-2",
                "--override",
                "training.lr_schedule_type=exponential",
                "--override",
                "training.lr_schedule_kwargs.gamma=1e-4",
                "--override",
                "training.lr_schedule_step_on=update",
                "--override",
                "training.calibration_positions=8")) {
            child.awaitOutput("8/1000000000 steps  ");
            Thread.sleep(1500);
            child.signal("TERM");

            assertThat(child.exitCode(LIMIT_SECONDS)).as(child.output()).isEqualTo(143);
            assertThat(child.output())
                    .as("the update was still going on")
                    .contains("interrupted checkpoint: ")
                    .doesNotContain("final checkpoint: ");
            assertThat(newest().data().manifest().timestep()).isEqualTo(8);
            assertResumes(8);
        }
    }
}
