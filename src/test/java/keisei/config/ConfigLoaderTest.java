package keisei.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import keisei.config.ConfigLoader.Flag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigLoaderTest {
    private static AppConfig load(String text, String... overrides) {
        return load(text, List.of(overrides), List.of()).config();
    }

    private static ConfigLoader.Loaded load(String text, List<String> overrides, List<Flag> flags) {
        return ConfigLoader.load(Optional.of(new ConfigSource("run.yaml", text)), overrides, flags);
    }

    private static String mistakes(String text, String... overrides) {
        ConfigException mistakes = catchThrowableOfType(ConfigException.class, () -> load(text, overrides));
        assertThat(mistakes).as("mistakes of %s %s", text, List.of(overrides)).isNotNull();
        return String.valueOf(mistakes.getMessage());
    }

    @Test
    void laterSourcesWinOverEarlierOnes() {
        String file = "env:\n  seed: 1\n  num_games: 8\ntraining:\n  gamma: 0.5\n";

        AppConfig config = load(
                        file,
                        List.of("env.seed=2", "training.gamma=0.6", "training.gamma=0.7"),
                        List.of(new Flag("--seed", "env.seed", "3")))
                .config();

        assertThat(config.env().seed()).as("flag over override").isEqualTo(3);
        assertThat(config.training().gamma()).as("last override over file").isEqualTo(0.7);
        assertThat(config.env().numGames()).as("file over default").isEqualTo(8);
        assertThat(config.training().lambdaGae()).as("default").isEqualTo(0.95);
    }

    @Test
    void allMistakesOfAllSourcesAreReportedAtOnceWithTheirPlaces() {
        String file = """
                env:
                  variant: chess
                  num_games: many
                  sead: 7
                training:
                  learing_rate: 0.001
                  gamma: 1.5
                  tower_depth: [3]
                optimiser:
                  name: adam
                """;

        ConfigException mistakes = catchThrowableOfType(
                ConfigException.class,
                () -> load(
                        file,
                        List.of("training.ppo_epochs=0", "gama=1"),
                        List.of(new Flag("--device", "env.device", "gpu"))));

        assertThat(String.valueOf(mistakes.getMessage()).lines())
                .containsExactly(
                        "run.yaml:2: env.variant: is 'chess', must be one of shogi, minishogi",
                        "run.yaml:3: env.num_games: is 'many', must be a whole number in [1, 65536]",
                        "run.yaml:4: env.sead: is not a known key; did you mean env.seed?",
                        "run.yaml:6: training.learing_rate: is not a known key; did you mean training.learning_rate?",
                        "run.yaml:7: training.gamma: is 1.5, must be a number in (0, 1]",
                        "run.yaml:8: training.tower_depth: is a list, must be a whole number in [1, 256]",
                        "run.yaml:10: optimiser: is not a known key; the configuration has: env, training,"
                                + " evaluation, logging, display",
                        "--override training.ppo_epochs=0: training.ppo_epochs: is 0, must be a whole number in"
                                + " [1, 1000]",
                        "--override gama=1: gama: is not a known key; did you mean training.gamma?",
                        "--device gpu: env.device: is 'gpu', must be auto, cpu, cuda or cuda:N");
        assertThat(mistakes.problems()).hasSize(10);
    }

    @Test
    void aKeyWithoutItsSectionIsLedToItsPlace() {
        assertThat(mistakes("", "entropy_coef=0.1")).contains("did you mean training.entropy_coef?");
        assertThat(mistakes("trainig:\n  gamma: 1")).contains("did you mean training?");
    }

    @Test
    void flatUpperCaseKeysOfOldFilesAreUnderstood() {
        AppConfig config = load(
                "SEED: 5\nTOTAL_TIMESTEPS: 1000\nLEARNING_RATE: 1e-4\nGAMMA: 0.9\nLAMBDA_GAE: 0.8\nPPO_EPOCHS: 3\n",
                "MINIBATCH_SIZE=16");

        assertThat(config.env().seed()).isEqualTo(5);
        assertThat(config.training().totalTimesteps()).isEqualTo(1000);
        assertThat(config.training().learningRate()).isEqualTo(1e-4);
        assertThat(config.training().gamma()).isEqualTo(0.9);
        assertThat(config.training().lambdaGae()).isEqualTo(0.8);
        assertThat(config.training().ppoEpochs()).isEqualTo(3);
        assertThat(config.training().minibatchSize()).isEqualTo(16);
        assertThat(mistakes("LEARNING_RAT: 1")).contains("did you mean training.learning_rate?");
    }

    @Test
    void whatThisVersionDoesNotHaveIsAMistakeUnlessItIsSwitchedOff() {
        ConfigLoader.Loaded off =
                load("wandb:\n  enabled: false\nparallel:\n  enabled: false\n  num_workers: 4\n", List.of(), List.of());

        assertThat(off.notes())
                .containsExactly(
                        "wandb: experiment tracking is not part of this version; the section is switched off and was"
                                + " ignored",
                        "parallel: self-play in several processes is not part of this version; the section is"
                                + " switched off and was ignored");
        assertThat(mistakes("wandb:\n  enabled: true\ndemo:\n  demo_mode_delay: 0.5\ntraining:\n  ddp: true\n")
                        .lines())
                .containsExactly(
                        "run.yaml:2: wandb: experiment tracking is not part of this version; remove the section, or"
                                + " switch it off with 'enabled: false' in it",
                        "run.yaml:4: demo: the demonstration mode is not part of this version; remove the section, or"
                                + " switch it off with 'enable_demo_mode: false' in it",
                        "run.yaml:6: training.ddp: is true, but training in several processes is not part of this"
                                + " version: set it to false");
    }

    @Test
    void mixedPrecisionIsAccepted() {
        assertThat(load("training:\n  mixed_precision: true").training().mixedPrecision())
                .isTrue();
    }

    @Test
    void anExplicitZeroForTheSqueezeRatioIsKept() {
        assertThat(load("training:\n  se_ratio: 0").training().seRatio()).isEqualTo(0.0);
        assertThat(load("training:\n  se_ratio: null").training().seRatio()).isNull();
        assertThat(load("").training().seRatio()).isEqualTo(0.25);
    }

    @Test
    void stepsOfAnEpochAreWholeRoundsOfAllGames() {
        AppConfig config = load("env:\n  num_games: 64\ntraining:\n  steps_per_epoch: 4096");

        assertThat(config.training().environmentStepsPerEpoch()).isEqualTo(4096);
        assertThat(config.roundsPerEpoch()).isEqualTo(64);
        assertThat(mistakes("env:\n  num_games: 48\ntraining:\n  steps_per_epoch: 100\n  minibatch_size: 128")
                        .lines())
                .containsExactly(
                        "run.yaml:4: training.steps_per_epoch: is 100, must be a multiple of env.num_games, which is"
                                + " 48: 96 or 144",
                        "run.yaml:5: training.minibatch_size: is 128, must be at most training.steps_per_epoch, which"
                                + " is 100");
        assertThat(mistakes("", "env.num_games=48"))
                .isEqualTo("defaults: training.steps_per_epoch: is 2048, must be a multiple of env.num_games, which is"
                        + " 48: 2016 or 2064");
    }

    @Test
    void scheduleParametersBelongToTheScheduleThatReadsThem() {
        AppConfig step =
                load("training:\n  lr_schedule_type: step\n  lr_schedule_kwargs:\n    step_size: 10\n    gamma: 0.5");

        assertThat(step.training().lrScheduleKwargs().given()).isEqualTo(Map.of("gamma", 0.5, "step_size", 10.0));
        assertThat(load("training:\n  lr_schedule_type: none").training().lrScheduleType())
                .isNull();
        assertThat(mistakes("training:\n  lr_schedule_type: linear", "training.lr_schedule_kwargs.gamma=0.5"))
                .isEqualTo("--override training.lr_schedule_kwargs.gamma=0.5: training.lr_schedule_kwargs.gamma: is"
                        + " not read by schedule linear, which reads final_lr_fraction");
        assertThat(mistakes("training:\n  lr_schedule_kwargs: {gamma: 0.5}"))
                .contains("has no effect while training.lr_schedule_type is none");
        assertThat(mistakes("training:\n  lr_schedule_type: cosin"))
                .contains("must be one of linear, cosine, exponential, step, none, or null (did you mean cosine?)");
    }

    @Test
    void numbersMayBeWrittenWithExponentsButNotWithFractionsWhereWholeOnesBelong() {
        assertThat(load("training:\n  total_timesteps: 5e5").training().totalTimesteps())
                .isEqualTo(500_000);
        assertThat(mistakes("training:\n  total_timesteps: 1.5")).contains("must be a whole number");
        assertThat(mistakes("env:\n  seed: true")).contains("run.yaml:2: env.seed: is true");
        assertThat(mistakes("training:\n  gamma: .nan")).contains("training.gamma");
    }

    @Test
    void jsonIsReadToo(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("run.json");
        Files.writeString(file, "{\"env\": {\"seed\": 9}}");

        AppConfig config = ConfigLoader.load(Optional.of(ConfigSource.file(file)), List.of(), List.of())
                .config();

        assertThat(config.env().seed()).isEqualTo(9);
    }

    @Test
    void malformedFilesAreNamedWithTheirLine(@TempDir Path folder) {
        assertThat(mistakes("env:\n  seed: [1\n")).startsWith("run.yaml:").contains("is not well-formed YAML");
        assertThat(mistakes("env:\n  seed: 1\n  seed: 2\n"))
                .startsWith("run.yaml:3")
                .contains("seed");
        assertThat(mistakes("- 1\n")).contains("must hold sections with keys");
        assertThat(mistakes("env:\n  seed: &s 1\ntraining:\n  tower_depth: *s\n"))
                .startsWith("run.yaml:4")
                .contains("aliases");
        assertThatThrownBy(() -> ConfigSource.file(folder.resolve("none.yaml")))
                .isInstanceOf(ConfigException.class)
                .hasMessageEndingWith("none.yaml: there is no such file");
    }

    @Test
    void anEmptyFileMeansTheDefaults() {
        assertThat(load("")).isEqualTo(ConfigLoader.defaults());
        assertThat(load("env:\n")).isEqualTo(ConfigLoader.defaults());
    }

    @Test
    void theEffectiveConfigurationLoadsToItself() {
        AppConfig config = load(
                "training:\n  lr_schedule_type: step\n  lr_schedule_kwargs: {step_size: 10}\n  learning_rate: 1e-5\n",
                "logging.run_name=on",
                "logging.model_dir=a: b # c",
                "env.num_actions_total=3781");

        assertThat(load(config.toYaml())).isEqualTo(config);
        assertThat(load(config.toTree().toString())).isEqualTo(config);
        assertThat(config.logging().modelDir()).isEqualTo("a: b # c");
        assertThat(config.toTree().at("/training/steps_per_epoch").intValue()).isEqualTo(2048);
    }
}
