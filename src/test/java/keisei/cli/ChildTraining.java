package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** {@code keisei train} in a JVM of its own, so that it can be killed. Closing kills it if it still runs. */
final class ChildTraining implements AutoCloseable {
    private static final long START_LIMIT_SECONDS = 120;

    /** A tiny run: Minishogi, 8 games, 4 moves a game and update. */
    static final String TINY = """
            env:
              variant: minishogi
              device: cpu
              threads: 2
              num_games: 8
              max_moves_per_game: 40
            training:
              model_type: dummy
              steps_per_epoch: 32
              total_timesteps: 1000000000
              ppo_epochs: 1
              minibatch_size: 32
              calibration_positions: 16
              checkpoint_interval_timesteps: 1
            evaluation:
              enable_periodic_evaluation: false
            display:
              live: never
            """;

    private final Process process;
    private final Path out;
    private final Path err;

    /** @param folder gets the output; everything that was there of an earlier child is replaced */
    ChildTraining(Path folder, String... arguments) throws IOException {
        this(folder, Map.of(), List.of(arguments));
    }

    /** @param environment variables beside those of this process */
    ChildTraining(Path folder, Map<String, String> environment, List<String> arguments) throws IOException {
        out = folder.resolve("out");
        err = folder.resolve("err");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-Xshare:auto",
                "-Xmx512m",
                "-cp",
                classPath(),
                "keisei.cli.Main",
                "train"));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(environment);
        process = builder.start();
    }

    /** Without the tests, whose logging is not the program's. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.endsWith("test-classes"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    long pid() {
        return process.pid();
    }

    /** What it printed so far, standard error last. */
    String output() throws IOException {
        return Files.readString(out) + Files.readString(err);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** Waits for the text in its output. Fails when the process ends before. */
    void awaitOutput(String text) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_LIMIT_SECONDS);
        while (!output().contains(text)) {
            assertThat(process.isAlive() || output().contains(text))
                    .as("ended before it printed '%s': %s", text, output())
                    .isTrue();
            assertThat(System.nanoTime()).as("'%s' in time", text).isLessThan(end);
            Thread.sleep(5);
        }
    }

    /** SIGKILL; waits for the end. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** Sends a signal by name, such as INT. */
    void signal(String name) throws IOException, InterruptedException {
        int code = new ProcessBuilder("kill", "-" + name, Long.toString(pid()))
                .start()
                .waitFor();
        assertThat(code).as("kill -%s", name).isZero();
    }

    /** Waits for the exit code. */
    int exitCode(long limitSeconds) throws IOException, InterruptedException {
        assertThat(process.waitFor(limitSeconds, TimeUnit.SECONDS))
                .as("ends within %d s: %s", limitSeconds, output())
                .isTrue();
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
