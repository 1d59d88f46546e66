package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import keisei.config.AppConfig;
import keisei.config.ConfigLoader;
import keisei.config.ConfigSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionManagerTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-03-04T05:06:07Z"), ZoneOffset.UTC);

    @TempDir
    private Path folder;

    private List<String> names() throws IOException {
        try (Stream<Path> children = Files.list(folder)) {
            return children.map(child -> child.getFileName().toString()).toList();
        }
    }

    @Test
    void aRunWithoutANameIsNamedAfterModelFeaturesAndTime() {
        AppConfig config = Runs.config(folder, "training.input_features=core46+all");

        try (SessionManager session = SessionManager.forNewRun(config, CLOCK)) {
            assertThat(session.runName()).isEqualTo("keisei_dummy_feats_core46+all_20260304_050607");
            assertThat(session.runDirectory()).isEqualTo(folder.resolve(session.runName()));
        }
    }

    @Test
    void longNamesAreCutAndASecondRunOfTheSameSecondIsNumbered() throws IOException {
        AppConfig config = Runs.config(
                folder, "training.model_type=resnet_spatial", "training.input_features=core46+check+repetition");
        String first = "keisei_resnet_spatial_feats_core46+check+re_20260304_050607";
        Files.createDirectories(folder.resolve(first));

        try (SessionManager second = SessionManager.forNewRun(config, CLOCK)) {
            assertThat(second.runName()).isEqualTo(first + "_2");
            second.setUpDirectories();
            try (SessionManager third = SessionManager.forNewRun(config, CLOCK)) {
                assertThat(third.runName()).isEqualTo(first + "_3");
            }
        }
    }

    @Test
    void aConfiguredNameIsTakenAndADirectoryOfThatNameIsAnError() throws IOException {
        AppConfig config = Runs.config(folder, "logging.run_name=mine");
        try (SessionManager session = SessionManager.forNewRun(config, CLOCK)) {
            assertThat(session.runName()).isEqualTo("mine");
            assertThat(names()).as("nothing is written before it is set up").isEmpty();
        }
        Files.createDirectories(folder.resolve("mine"));

        assertThatThrownBy(() -> SessionManager.forNewRun(config, CLOCK))
                .isInstanceOf(TrainingException.class)
                .hasMessageContaining(folder.resolve("mine").toString())
                .hasMessageContaining("--run-name")
                .hasMessageContaining("--resume latest");
    }

    @Test
    void aResumedRunKeepsItsDirectoryAndNameWhateverIsConfigured() {
        AppConfig config = Runs.config(folder, "logging.run_name=mine");

        try (SessionManager session = SessionManager.forResumedRun(config, CLOCK, folder.resolve("theirs"))) {
            assertThat(session.runName()).isEqualTo("theirs");
            assertThat(session.runDirectory()).isEqualTo(folder.resolve("theirs"));
        }
    }

    @Test
    void theEffectiveConfigurationLoadedAgainIsTheConfiguration() {
        AppConfig config = Runs.config(
                folder,
                "logging.run_name=mine",
                "training.learning_rate=1.2345678901234567e-5",
                "training.lr_schedule_type=linear",
                "training.lr_schedule_kwargs.final_lr_fraction=0.25",
                "training.se_ratio=null",
                "env.seed=-9007199254740993",
                "training.gamma=1");
        try (SessionManager session = SessionManager.forNewRun(config, CLOCK)) {
            session.setUpDirectories();
            session.saveEffectiveConfig();

            Path file = SessionManager.effectiveConfigOf(session.runDirectory());
            ConfigLoader.Loaded again = ConfigLoader.load(Optional.of(ConfigSource.file(file)), List.of(), List.of());
            assertThat(again.config()).isEqualTo(config);
            assertThat(again.notes()).isEmpty();
        }
    }

    @Test
    void theLogHasTheTimeOfEachLineAndGoesOnInTheNextSession() throws IOException {
        AppConfig config = Runs.config(folder, "logging.run_name=mine", "logging.log_file=log.txt");
        try (SessionManager session = SessionManager.forNewRun(config, CLOCK)) {
            session.setUpDirectories();
            session.log("one");
            session.warn("two");
        }
        try (SessionManager session = SessionManager.forResumedRun(config, CLOCK, folder.resolve("mine"))) {
            session.setUpDirectories();
        }

        assertThat(Files.readAllLines(folder.resolve("mine/log.txt")))
                .containsExactly(
                        "[2026-03-04 05:06:07] session of run mine starts",
                        "[2026-03-04 05:06:07] one",
                        "[2026-03-04 05:06:07] WARNING two",
                        "[2026-03-04 05:06:07] session of run mine ends",
                        "[2026-03-04 05:06:07] session of run mine starts",
                        "[2026-03-04 05:06:07] session of run mine ends");
    }

    @Test
    void aRunDirectoryThatCannotBeMadeIsAnErrorThatNamesIt() throws IOException {
        Files.writeString(folder.resolve("file"), "");
        AppConfig config = Runs.config(folder.resolve("file"), "logging.run_name=mine");

        try (SessionManager session = SessionManager.forNewRun(config, CLOCK)) {
            assertThatThrownBy(session::setUpDirectories)
                    .isInstanceOf(TrainingException.class)
                    .hasMessageContaining(folder.resolve("file/mine").toString());
        }
    }
}
