package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import keisei.config.AppConfig;
import keisei.config.ConfigLoader;
import keisei.config.Presets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TrainCommandTest {
    private record Call(AppConfig config, TrainRequest request) {}

    private record Run(int code, String out, String err, List<Call> calls) {
        AppConfig config() {
            assertThat(calls).as(err).hasSize(1);
            return calls.getFirst().config();
        }
    }

    /** Records what it is asked, and answers with a code of its own. */
    private static final class Recorder implements TrainingRunner {
        private final List<Call> calls = new ArrayList<>();
        private boolean gpu;
        private @Nullable Path configuration;

        @Override
        public int run(AppConfig config, TrainRequest request) {
            calls.add(new Call(config, request));
            return 7;
        }

        @Override
        public boolean usesGpu() {
            return gpu;
        }

        @Override
        public Optional<Path> configurationOf(String resume, Path modelDir, Optional<String> runName) {
            return Optional.ofNullable(configuration);
        }
    }

    private final Recorder recorder = new Recorder();

    private Run train(String... arguments) {
        List<String> all = new ArrayList<>(List.of("train"));
        all.addAll(Arrays.asList(arguments));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine(recorder)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(all.toArray(String[]::new));
        return new Run(code, out.toString(), err.toString(), List.copyOf(recorder.calls));
    }

    static List<String[]> flags() {
        return List.of(
                new String[] {"--seed", "7", "/env/seed"},
                new String[] {"--device", "cpu", "/env/device"},
                new String[] {"--total-timesteps", "999", "/training/total_timesteps"},
                new String[] {"--total_timesteps", "999", "/training/total_timesteps"},
                new String[] {"--model", "dummy", "/training/model_type"},
                new String[] {"--input-features", "core46+all", "/training/input_features"},
                new String[] {"--input_features", "core46+check", "/training/input_features"},
                new String[] {"--tower-depth", "5", "/training/tower_depth"},
                new String[] {"--tower_depth", "6", "/training/tower_depth"},
                new String[] {"--tower-width", "40", "/training/tower_width"},
                new String[] {"--tower_width", "48", "/training/tower_width"},
                new String[] {"--se-ratio", "0.0", "/training/se_ratio"},
                new String[] {"--se_ratio", "0.5", "/training/se_ratio"},
                new String[] {"--mixed-precision", "true", "/training/mixed_precision"},
                new String[] {"--mixed_precision", "true", "/training/mixed_precision"},
                new String[] {"--cuda-graphs", "false", "/env/cuda_graphs"},
                new String[] {"--conv-path", "legacy", "/env/conv_path"},
                new String[] {"--savedir", "elsewhere", "/logging/model_dir"},
                new String[] {"--run-name", "mine", "/logging/run_name"},
                new String[] {"--run_name", "mine", "/logging/run_name"},
                new String[] {"--render-every", "12", "/training/render_every_steps"},
                new String[] {"--render_every", "12", "/training/render_every_steps"});
    }

    @ParameterizedTest
    @MethodSource("flags")
    void eachFlagSetsItsKeyInBothSpellings(String flag, String value, String pointer) {
        Run run = train("--config", "shogi-small", flag, value);

        assertThat(run.config().toTree().at(pointer).asString()).isEqualTo(value);
        // Everything else is the preset's.
        assertThat(ConfigLoader.load(
                                Optional.of(Presets.byName("shogi-small")),
                                List.of(pointer.substring(1).replace('/', '.') + "=" + value),
                                List.of())
                        .config())
                .isEqualTo(run.config());
    }

    @Test
    void aSwitchMayStandAlone() {
        assertThat(train("--mixed-precision", "--seed", "3").config().training().mixedPrecision())
                .isTrue();
    }

    @Test
    void graphsCanBeTurnedOffByAFlagWithoutAValue() {
        assertThat(train("--no-cuda-graphs", "--seed", "3").config().env().cudaGraphs())
                .isFalse();
    }

    @Test
    void flagsWinOverOverridesAndOverridesOverTheFile(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("run.yaml");
        Files.writeString(file, "env:\n  seed: 1\n  threads: 1\ntraining:\n  gamma: 0.5\n");

        Run run = train(
                "--seed", "3", "--override", "env.seed=2", "--override", "training.gamma=0.75", "--config", file + "");

        assertThat(run.code()).as("the runner's exit code").isEqualTo(7);
        assertThat(run.config().env().seed()).isEqualTo(3);
        assertThat(run.config().training().gamma()).isEqualTo(0.75);
        assertThat(run.config().env().threads()).isEqualTo(1);
        assertThat(run.calls().getFirst().request().configurationSource()).isEqualTo(file.toString());
    }

    @Test
    void allMistakesArePrintedAndNothingIsStarted(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("run.yaml");
        Files.writeString(file, "training:\n  gama: 0.5\n");

        Run run = train("--config", file + "", "--seed", "abc", "--tower-depth=0", "--override", "env.num_games=0");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err().lines())
                .containsExactly(
                        "keisei: the configuration has 4 mistakes:",
                        "  " + file + ":2: training.gama: is not a known key; did you mean training.gamma?",
                        "  --override env.num_games=0: env.num_games: is 0, must be a whole number in [1, 65536]",
                        "  --seed abc: env.seed: is 'abc', must be a whole number",
                        "  --tower-depth 0: training.tower_depth: is 0, must be a whole number in [1, 256]");
        assertThat(run.calls()).isEmpty();
    }

    @Test
    void whatIsNotInThisVersionIsRefusedFromTheCommandLineToo() {
        Run run = train("--ddp", "--wandb-enabled");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("--ddp true: training.ddp: is true")
                .contains("--wandb-enabled true: wandb.enabled: experiment tracking is not part of this version");
        assertThat(train("--ddp=false", "--wandb-enabled=false").code()).isEqualTo(7);
    }

    @Test
    void aFileThatIsNotThereIsAConfigurationMistake() {
        Run run = train("--config", "none.yaml");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("  none.yaml: there is no such file");
    }

    @Test
    void wrongUsageIsExitCodeTwo() {
        assertThat(train("--sede", "3").code()).isEqualTo(2);
        assertThat(train("--sede", "3").err()).contains("Try 'keisei train --help'.");
        assertThat(train("--override", "nonsense").code()).isEqualTo(2);
        assertThat(train("--override", "nonsense").err()).contains("--override is \"nonsense\", it must be KEY=VALUE");
        assertThat(train("--seed").code()).isEqualTo(2);
    }

    @Test
    void resumeMeansTheLatestUnlessAPathIsGiven() {
        assertThat(train().calls().getLast().request().resume()).isEmpty();
        assertThat(train("--resume").calls().getLast().request().resume()).contains("latest");
        assertThat(train("--resume", "--seed", "1").calls().getLast().request().resume())
                .contains("latest");
        assertThat(train("--resume=a/b").calls().getLast().request().resume()).contains("a/b");
        assertThat(train("--resume", "a/b").calls().getLast().request().resume())
                .contains("a/b");
    }

    @Test
    void aResumedRunKeepsItsConfigurationUnlessAnotherIsNamed(@TempDir Path folder) throws IOException {
        Path used = folder.resolve("effective_config.yaml");
        Files.writeString(used, "env:\n  seed: 77\n");
        recorder.configuration = used;

        Run kept = train("--resume", "--tower-depth", "3");
        assertThat(kept.out()).contains("configuration of the resumed run: " + used);
        assertThat(kept.config().env().seed()).isEqualTo(77);
        assertThat(kept.config().training().towerDepth()).isEqualTo(3);

        Run named = train("--resume", "--config", "shogi-small");
        assertThat(named.calls().getLast().config().env().seed()).isEqualTo(42);
        assertThat(train().calls().getLast().config().env().seed())
                .as("a new run")
                .isEqualTo(42);
    }

    @Test
    void withoutAFileTheDeviceChoosesThePresetAndItIsSaid() {
        assertThat(train().out()).contains("no --config given; preset for device cpu: cpu-laptop");
        recorder.gpu = true;
        assertThat(train().out()).contains("preset for device cuda: shogi-gpu");
        assertThat(train("--device", "cpu").out()).contains("preset for device cpu: cpu-laptop");
        assertThat(train("--override", "env.device=cpu").out()).contains("preset for device cpu");
    }

    @Test
    void theConfigurationCanBePrintedAndIsAConfiguration(@TempDir Path folder) throws IOException {
        Run printed = train("--print-config", "--seed", "11");
        Path file = folder.resolve("printed.yaml");
        Files.writeString(file, printed.out());

        assertThat(printed.code()).isZero();
        assertThat(printed.calls()).isEmpty();
        assertThat(train("--config", file.toString()).config())
                .isEqualTo(train("--seed", "11").calls().getLast().config());
    }

    @Test
    void notesAreShown() {
        assertThat(train("--override", "wandb.enabled=false").err())
                .contains("note: wandb.enabled: experiment tracking is not part of this version");
    }
}
