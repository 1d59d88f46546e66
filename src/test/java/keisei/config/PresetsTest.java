package keisei.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PresetsTest {
    private static final Path FOLDER = Path.of("config");

    static List<String> names() {
        return Presets.names();
    }

    @Test
    void everyFileIsAPresetAndEveryPresetIsAFile() throws IOException {
        try (Stream<Path> files = Files.list(FOLDER)) {
            assertThat(files.map(file -> file.getFileName().toString().replace(".yaml", "")))
                    .containsExactlyInAnyOrderElementsOf(Presets.names());
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void eachLoadsAndTheShippedTextIsTheFileOfTheProject(String name) throws IOException {
        AppConfig config = Presets.load(name);

        assertThat(config.training().environmentStepsPerEpoch())
                .isEqualTo(config.roundsPerEpoch() * config.env().numGames());
        assertThat(Presets.byName(name).text()).isEqualTo(Files.readString(FOLDER.resolve(name + ".yaml")));
    }

    @ParameterizedTest
    @MethodSource("names")
    void eachNamesEveryKeyAndExplainsItInTheLineAbove(String name) {
        TreeSet<String> missing = new TreeSet<>(ConfigSchema.fields().keySet());
        List<String> lines = Presets.byName(name).text().lines().toList();
        String section = "";
        String subsection = "";
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.matches("[a-z_]+:")) {
                section = line.replace(":", ".");
                subsection = "";
            } else if (line.matches("  [a-z_]+:")) {
                subsection = line.strip().replace(":", ".");
            } else if (line.matches(" +[a-z_0-9]+: .*")) {
                if (line.indexOf(line.strip()) == 2) {
                    subsection = "";
                }
                String path = section + subsection + line.strip().replaceFirst(":.*", "");
                assertThat(lines.get(i - 1).strip()).as("line above %s", path).startsWith("# ");
                assertThat(missing.remove(path)).as(path).isTrue();
            }
        }
        assertThat(missing).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("names")
    void theDefaultsInItsCommentsAreTheDefaults(String name) throws Field.Rejected {
        Matcher keys = Pattern.compile("\\[([^\\]]*)\\]\\R  ([a-z_0-9]+): ")
                .matcher(Presets.byName(name).text());
        Map<String, Object> defaults = ConfigSchema.defaults();
        int compared = 0;
        String previous = "";
        Iterator<String> paths = defaults.keySet().stream()
                .filter(path -> !path.contains("kwargs"))
                .iterator();
        while (keys.find()) {
            String path = paths.next();
            while (!path.endsWith("." + keys.group(2))) {
                path = paths.next();
            }
            Field field = Objects.requireNonNull(ConfigSchema.fields().get(path));
            Object written = keys.group(1).equals("null") ? null : field.convert(keys.group(1));
            assertThat(written).as("%s after %s", path, previous).isEqualTo(defaults.get(path));
            previous = path;
            compared++;
        }
        assertThat(compared).isGreaterThan(defaults.size() - 8);
    }

    @Test
    void theQuickPresetHasTheAgreedSizes() {
        AppConfig quick = Presets.load(Presets.MINISHOGI);

        assertThat(quick.env())
                .extracting(EnvConfig::variant, EnvConfig::numGames, EnvConfig::maxMovesPerGame, EnvConfig::actionSpace)
                .containsExactly("minishogi", 64, 200, "spatial");
        assertThat(quick.training())
                .extracting(
                        TrainingConfig::totalTimesteps,
                        TrainingConfig::environmentStepsPerEpoch,
                        TrainingConfig::ppoEpochs,
                        TrainingConfig::minibatchSize,
                        TrainingConfig::learningRate,
                        TrainingConfig::gamma,
                        TrainingConfig::entropyCoef,
                        TrainingConfig::towerDepth,
                        TrainingConfig::towerWidth,
                        TrainingConfig::seRatio)
                .containsExactly(500_000L, 4096, 4, 1024, 3e-3, 0.99, 0.01, 2, 48, 0.25);
        assertThat(quick.evaluation().finalTable()).isTrue();
    }

    @Test
    void theDeviceChoosesThePreset() {
        assertThat(Presets.forDevice("cpu")).isEqualTo("cpu-laptop");
        assertThat(Presets.forDevice("cuda:1")).isEqualTo("shogi-gpu");
        assertThatThrownBy(() -> Presets.load("shogi-large"))
                .hasMessage("preset 'shogi-large' is unknown; allowed: " + Presets.names());
    }
}
