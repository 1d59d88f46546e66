package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import keisei.device.cuda.CudaLibraries;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code keisei train} does where it cannot go on as asked: it says why, and leaves everything as it was. */
class ResumeErrorsTest {
    @TempDir
    private Path folder;

    private Path models;

    private record Result(int code, String out, String err) {}

    @BeforeEach
    void configure() throws IOException {
        models = folder.resolve("models");
        Files.writeString(folder.resolve("tiny.yaml"), ChildTraining.TINY);
    }

    private Result train(String... arguments) {
        List<String> all = new ArrayList<>(List.of(
                "train",
                "--config",
                folder.resolve("tiny.yaml").toString(),
                "--savedir",
                models.toString(),
                "--total-timesteps",
                "96"));
        all.addAll(Arrays.asList(arguments));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        ByteArrayOutputStream direct = new ByteArrayOutputStream();
        PrintStream standardError = System.err;
        System.setErr(new PrintStream(direct, true, StandardCharsets.UTF_8));
        try {
            int code = Main.commandLine(new TrainerRunner())
                    .setOut(new PrintWriter(out))
                    .setErr(new PrintWriter(err))
                    .execute(all.toArray(String[]::new));
            return new Result(code, out.toString(), err + direct.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(standardError);
        }
    }

    /** A run of three updates with a checkpoint after each: 32, 64, 96. */
    private Path trainedRun() {
        Result result = train("--run-name", "run");
        assertThat(result.code()).as(result.err()).isZero();
        return models.resolve("run");
    }

    /** Every directory, and every file with its contents and the time it was changed. */
    private Map<String, String> everything() throws IOException {
        Map<String, String> found = new TreeMap<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
                found.put(directory.toString(), attributes.lastModifiedTime().toString());
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                found.put(
                        file.toString(),
                        attributes.lastModifiedTime() + HexFormat.of().formatHex(Files.readAllBytes(file)));
                return FileVisitResult.CONTINUE;
            }
        });
        return found;
    }

    private static void damage(Path checkpoint) throws IOException {
        Path file = checkpoint.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 1;
        Files.write(file, bytes);
    }

    private void assertRefused(List<String> message, String... arguments) throws IOException {
        Map<String, String> before = everything();
        Result result = train(arguments);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).startsWith("keisei: ").contains(message);
        assertThat(result.err()).as("no stack trace").doesNotContain("\tat ");
        assertThat(everything()).as("nothing is written").isEqualTo(before);
    }

    @Test
    void aCheckpointThatIsNotThere() throws IOException {
        Path missing = models.resolve("nothing/checkpoint_ts5");

        assertRefused(List.of("there is no checkpoint directory " + missing), "--resume", missing.toString());
    }

    @Test
    void aDamagedCheckpointGivenByItsPath() throws IOException {
        Path checkpoint = trainedRun().resolve("checkpoint_ts96");
        damage(checkpoint);

        assertRefused(
                List.of(
                        "cannot resume: ",
                        checkpoint.resolve("model.safetensors").toString(),
                        "SHA-256"),
                "--resume",
                checkpoint.toString());
    }

    @Test
    void aRunOfDamagedCheckpointsOnly() throws IOException {
        Path run = trainedRun();
        for (int timestep : new int[] {32, 64, 96}) {
            damage(run.resolve("checkpoint_ts" + timestep));
        }

        assertRefused(
                List.of("every checkpoint of " + run + " is damaged:", "checkpoint_ts32", "checkpoint_ts96"),
                "--resume",
                "latest");
    }

    @Test
    void aCheckpointOfAnotherModel() throws IOException {
        Path run = trainedRun();

        List<String> message = List.of("the checkpoint is of model ", "modelType=dummy", "modelType=testmodel");
        assertRefused(message, "--resume", "latest", "--model", "testmodel");
        assertRefused(message, "--resume", run.resolve("checkpoint_ts32").toString(), "--model", "testmodel");
        assertRefused(
                List.of("features core46 ", "core46+check+repetition"),
                "--resume",
                "latest",
                "--input-features",
                "core46+all");
    }

    @Test
    void aCheckpointWithAnotherNumberOfGames() throws IOException {
        trainedRun();

        assertRefused(
                List.of("the checkpoint has 8 running games, env.num_games is 16"),
                "--resume",
                "latest",
                "--override",
                "env.num_games=16");
    }

    @Test
    void aFinishedModelWithoutAnOptimizerIsNotContinued() throws IOException {
        Path model = trainedRun().resolve("final_model/checkpoint_ts96");

        assertRefused(List.of("does not fit the optimizer", "missing"), "--resume", model.toString());
    }

    @Test
    void aRunOfTheSameNameIsNotOverwritten() throws IOException {
        Path run = trainedRun();

        assertRefused(List.of("run directory " + run + " exists already"), "--run-name", "run");
    }

    @Test
    void latestWithoutACheckpointIsANewRunAndSaysSo() {
        Result result = train("--resume", "latest", "--run-name", "run");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(result.out()).contains("no checkpoint to resume under " + models + ": a new run");
        assertThat(models.resolve("run/checkpoint_ts96")).isDirectory();
    }

    @Test
    void latestGoesBehindADamagedCheckpointAndKeepsItAside() throws IOException {
        Path run = trainedRun();
        damage(run.resolve("checkpoint_ts96"));
        byte[] damaged = Files.readAllBytes(run.resolve("checkpoint_ts96/model.safetensors"));

        Result result = train("--resume", "latest");

        assertThat(result.code()).as(result.err()).isZero();
        assertThat(Files.readString(run.resolve("training_log.txt")))
                .containsSubsequence(
                        "WARNING checkpoint " + run.resolve("checkpoint_ts96") + " is damaged: ",
                        "kept as " + run.resolve("damaged_1_checkpoint_ts96"),
                        "resumed from " + run.resolve("checkpoint_ts64") + " at timestep 64");
        assertThat(run.resolve("damaged_1_checkpoint_ts96/model.safetensors")).hasBinaryContent(damaged);
        assertThat(run.resolve("checkpoint_ts96/model.safetensors")).exists();
        assertThat(train("--resume", run.resolve("checkpoint_ts96").toString()).code())
                .as("the new one of that timestep is whole")
                .isZero();
    }

    @Test
    void latestOfANamedRunTakesThatRunsConfigurationAndNotTheNewestRuns() {
        Path run = trainedRun();
        assertThat(train("--run-name", "newer", "--model", "testmodel").code()).isZero();
        StringWriter out = new StringWriter();

        int code = Main.commandLine(new TrainerRunner())
                .setOut(new PrintWriter(out))
                .execute(
                        "train",
                        "--resume",
                        "latest",
                        "--savedir",
                        models.toString(),
                        "--run-name",
                        "run",
                        "--total-timesteps",
                        "128");

        assertThat(out.toString()).contains("configuration of the resumed run: " + run);
        assertThat(code).isZero();
        assertThat(run.resolve("checkpoint_ts128")).isDirectory();
    }

    @Test
    void aGpuThatIsNotThereIsAnErrorThatSaysWhy() throws IOException {
        // Where there is a GPU, or a software one in this process, its driver is found but not the libraries.
        Optional<String> obstacle =
                CudaLibraries.find(List.of(), System.getenv()).obstacle();
        assumeTrue(obstacle.isPresent(), "this machine can train on a GPU");

        assertRefused(List.of("env.device is cuda, which cannot be used: " + obstacle.get()), "--device", "cuda");
        assertRefused(List.of("env.device is cuda:1, which cannot be used: "), "--device", "cuda:1");
    }

    @Test
    void severalProcessesAreAnErrorOfTheConfiguration() throws IOException {
        assertRefused(List.of("the configuration has 1 mistake:", "training.ddp"), "--ddp");
    }
}
