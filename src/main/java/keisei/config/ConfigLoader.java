package keisei.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Loads a configuration: defaults, over them a file, over that {@code --override} pairs in their order, over those the
 * flags of the command line. All mistakes of all sources are reported together.
 */
public final class ConfigLoader {
    private final List<ConfigProblem> problems = new ArrayList<>();
    private final List<String> notes = new ArrayList<>();
    private final Map<String, ConfigProblem> origins = new LinkedHashMap<>();
    private final Map<String, @Nullable Object> values = ConfigSchema.defaults();

    private ConfigLoader() {}

    /**
     * A flag of the command line that sets a key.
     *
     * @param flag as it is written, for messages
     * @param path the key
     * @param value as it is written
     */
    public record Flag(String flag, String path, String value) {}

    /**
     * What was loaded.
     *
     * @param config complete and checked
     * @param notes what the user should know although it is no mistake, a line each
     */
    public record Loaded(AppConfig config, List<String> notes) {
        /** Copies the list. */
        public Loaded {
            notes = List.copyOf(notes);
        }
    }

    /** The defaults alone. */
    public static AppConfig defaults() {
        return ConfigSchema.build(ConfigSchema.defaults());
    }

    /**
     * @param file YAML or JSON, if there is one
     * @param overrides {@code key=value}, values as in YAML
     * @param flags flags that were given
     * @throws ConfigException with all mistakes
     */
    public static Loaded load(Optional<ConfigSource> file, List<String> overrides, List<Flag> flags) {
        ConfigLoader loader = new ConfigLoader();
        file.ifPresent(loader::applyFile);
        overrides.forEach(loader::applyOverride);
        flags.forEach(loader::applyFlag);
        loader.checkTogether();
        if (!loader.problems.isEmpty()) {
            throw new ConfigException(loader.problems);
        }
        return new Loaded(ConfigSchema.build(loader.values), loader.notes);
    }

    private void applyFile(ConfigSource source) {
        ConfigNode root = ConfigReader.read(source, problems);
        switch (root) {
            case ConfigNode.Section section ->
                section.entries().forEach((key, node) -> applyTop(source.name(), key, node));
            case ConfigNode.Scalar scalar when scalar.value() == null -> {}
            default -> problem(source.name(), root.line(), "", "must hold sections with keys, such as 'env:'");
        }
    }

    private void applyTop(String source, String key, ConfigNode node) {
        if (LegacyKeys.looksFlat(key)) {
            Optional<String> path = LegacyKeys.flat(key);
            if (path.isPresent()) {
                apply(source, path.get(), node);
                return;
            }
        }
        apply(source, key, node);
    }

    private void applyOverride(String pair) {
        String source = "--override " + pair;
        int equals = pair.indexOf('=');
        if (equals <= 0) {
            problem(source, 0, "", "must be KEY=VALUE, such as training.learning_rate=0.001");
            return;
        }
        String path = pair.substring(0, equals).trim();
        applyText(source, path, pair.substring(equals + 1));
    }

    private void applyFlag(Flag flag) {
        applyText(flag.flag() + " " + flag.value(), flag.path(), flag.value());
    }

    private void applyText(String source, String path, String value) {
        Field field = ConfigSchema.fields().get(path);
        if (field != null && field.type() == String.class && !value.equals("null")) {
            // A text as it stands: no YAML rules for colons, signs or numbers.
            apply(source, path, new ConfigNode.Scalar(0, value));
            return;
        }
        List<ConfigProblem> malformed = new ArrayList<>();
        ConfigNode node = ConfigReader.read(new ConfigSource(source, value.isBlank() ? "''" : value), malformed);
        if (malformed.isEmpty()) {
            applyTop(source, path, withoutLines(node));
        } else {
            problem(source, 0, path, malformed.getFirst().message());
        }
    }

    private static ConfigNode withoutLines(ConfigNode node) {
        return switch (node) {
            case ConfigNode.Scalar scalar -> new ConfigNode.Scalar(0, scalar.value());
            case ConfigNode.Items items ->
                new ConfigNode.Items(
                        0,
                        items.items().stream().map(ConfigLoader::withoutLines).toList());
            case ConfigNode.Section section -> {
                Map<String, ConfigNode> entries = new LinkedHashMap<>();
                section.entries().forEach((key, value) -> entries.put(key, withoutLines(value)));
                yield new ConfigNode.Section(0, entries);
            }
        };
    }

    private void apply(String source, String path, ConfigNode node) {
        Field field = ConfigSchema.fields().get(path);
        if (field != null) {
            applyField(source, field, node);
        } else if (ConfigSchema.sections().contains(path)) {
            applySection(source, path, node);
        } else {
            Optional<String> moved = LegacyKeys.moved(path);
            if (moved.isPresent()) {
                apply(source, moved.get(), node);
            } else {
                applyUnknown(source, path, node);
            }
        }
    }

    private void applySection(String source, String path, ConfigNode node) {
        switch (node) {
            case ConfigNode.Section section ->
                section.entries().forEach((key, value) -> apply(source, path + "." + key, value));
            case ConfigNode.Scalar scalar when scalar.value() == null -> {}
            default ->
                problem(
                        source,
                        node.line(),
                        path,
                        "must be a section with keys: " + String.join(", ", ConfigSchema.namesIn(path)));
        }
    }

    private void applyField(String source, Field field, ConfigNode node) {
        if (!(node instanceof ConfigNode.Scalar scalar)) {
            String found = node instanceof ConfigNode.Items ? "a list" : "a section";
            problem(source, node.line(), field.path(), "is " + found + ", must be " + field.expected());
            return;
        }
        try {
            values.put(field.path(), field.convert(scalar.value()));
            origins.put(field.path(), new ConfigProblem(source, node.line(), field.path(), ""));
        } catch (Field.Rejected rejected) {
            problem(source, node.line(), field.path(), String.valueOf(rejected.getMessage()));
        }
    }

    private void applyUnknown(String source, String path, ConfigNode node) {
        Optional<LaterKeys.Verdict> later =
                path.indexOf('.') < 0 ? LaterKeys.section(path, node) : LaterKeys.key(path, node);
        if (later.isEmpty()) {
            String section = path.indexOf('.') < 0 ? path : path.substring(0, path.indexOf('.'));
            later = section.equals(path) ? Optional.empty() : LaterKeys.section(section, sectionOf(path, node));
        }
        if (later.isPresent()) {
            if (later.get().isProblem()) {
                problem(source, node.line(), path, later.get().message());
            } else {
                notes.add(path + ": " + later.get().message());
            }
            return;
        }
        problem(source, node.line(), path, "is not a known key" + suggestion(path));
    }

    /** A key given by its whole path, as the section that it would stand in. */
    private static ConfigNode sectionOf(String path, ConfigNode node) {
        return new ConfigNode.Section(node.line(), Map.of(path.substring(path.indexOf('.') + 1), node));
    }

    private static String suggestion(String path) {
        int dot = path.lastIndexOf('.');
        String section = dot < 0 ? "" : path.substring(0, dot);
        String name = path.substring(dot + 1);
        Optional<String> nearest = ConfigSchema.sections().contains(section)
                ? NearestName.find(name, ConfigSchema.namesIn(section)).map(found -> section + "." + found)
                : Optional.empty();
        if (nearest.isEmpty() && section.isEmpty()) {
            nearest = NearestName.find(name, ConfigSchema.sections());
        }
        if (nearest.isEmpty()) {
            nearest = NearestName.find(
                    name.toLowerCase(Locale.ROOT), ConfigSchema.fields().keySet());
        }
        return nearest.map(found -> "; did you mean " + found + "?")
                .orElseGet(() -> "; " + (ConfigSchema.sections().contains(section) ? section : "the configuration")
                        + " has: "
                        + String.join(
                                ", ",
                                ConfigSchema.namesIn(ConfigSchema.sections().contains(section) ? section : "")));
    }

    /** Conditions that no single key can be blamed for before all sources were read. */
    private void checkTogether() {
        requireWholeRounds();
        requireScheduleKeys();
        requireEven("evaluation.num_games");
        requireEven("evaluation.final_table_games");
        if (Boolean.TRUE.equals(values.get("training.ddp"))) {
            together(
                    "training.ddp",
                    "is true, but training in several processes is not part of this version: set it to false");
        }
        if ("minishogi".equals(values.get("env.variant"))
                && !List.of("auto", "none").contains(String.valueOf(values.get("env.impasse")))) {
            together(
                    "env.impasse",
                    "is '%s', but minishogi has no declaration: set it to none or auto"
                            .formatted(values.get("env.impasse")));
        }
    }

    private void requireEven(String path) {
        if (values.get(path) instanceof Integer games && games % 2 != 0) {
            together(path, "is %d, must be even: each opening is played with both colours".formatted(games));
        }
    }

    private void requireWholeRounds() {
        int steps = (Integer) Objects.requireNonNull(values.get("training.steps_per_epoch"));
        int games = (Integer) Objects.requireNonNull(values.get("env.num_games"));
        int minibatch = (Integer) Objects.requireNonNull(values.get("training.minibatch_size"));
        if (steps % games != 0) {
            int below = steps / games * games;
            together(
                    "training.steps_per_epoch",
                    "is %d, must be a multiple of env.num_games, which is %d: %s%d"
                            .formatted(steps, games, below > 0 ? below + " or " : "", below + games));
        }
        if (minibatch > steps) {
            together(
                    "training.minibatch_size",
                    "is %d, must be at most training.steps_per_epoch, which is %d".formatted(minibatch, steps));
        }
    }

    private void requireScheduleKeys() {
        String section = "training.lr_schedule_kwargs";
        String type = (String) values.get("training.lr_schedule_type");
        List<String> known = ScheduleConfig.keysOf(type);
        for (String key : ConfigSchema.namesIn(section)) {
            if (values.get(section + "." + key) != null && !known.contains(key)) {
                together(
                        section + "." + key,
                        type == null
                                ? "has no effect while training.lr_schedule_type is none: leave it out"
                                : "is not read by schedule %s, which reads %s"
                                        .formatted(type, String.join(", ", known)));
            }
        }
    }

    /** Reports a mistake of several keys where the named one was set. */
    private void together(String path, String message) {
        ConfigProblem origin = origins.getOrDefault(path, new ConfigProblem("defaults", 0, path, ""));
        problem(origin.source(), origin.line(), path, message);
    }

    private void problem(String source, int line, String path, String message) {
        problems.add(new ConfigProblem(source, line, path, message));
    }
}
