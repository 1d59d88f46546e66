package keisei.config;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Keys of the original project's configuration that this version knows by name but has nothing behind. Switched off
 * they are accepted, with a note; switched on they are mistakes, so that nobody believes in a feature that is not
 * there.
 */
final class LaterKeys {
    private static final String NOT_HERE = " is not part of this version; ";

    /** Sections with the key that switches each of them off. */
    private static final Map<String, String> SECTIONS = Map.of(
            "wandb", "enabled",
            "parallel", "enabled",
            "demo", "enable_demo_mode",
            "webui", "enabled",
            "lineage", "enabled");

    private static final Map<String, String> WHAT = Map.of(
            "wandb", "experiment tracking",
            "parallel", "self-play in several processes",
            "demo", "the demonstration mode",
            "webui", "the web view",
            "lineage", "the record of model lineage");

    private static final Map<String, String> KEYS = Map.ofEntries(
            Map.entry("evaluation.wandb_log_eval", "experiment tracking"),
            Map.entry("evaluation.elo_registry_path", "the Elo registry"),
            Map.entry("evaluation.agent_id", "the Elo registry"),
            Map.entry("evaluation.opponent_id", "the Elo registry"),
            Map.entry("display.enable_elo_ratings", "the Elo panel"),
            Map.entry("display.enable_enhanced_layout", "the enhanced layout"),
            Map.entry("display.board_highlight_last_move", "the highlight of the last move"),
            Map.entry("display.show_text_moves", "the list of moves"),
            Map.entry("training.enable_spinner", "the spinner"),
            Map.entry("training.torch_compile", "graph compilation"));

    private static final Set<String> OFF = Set.of("false", "null", "");

    private LaterKeys() {}

    /** What is said about a section of this name. */
    record Verdict(boolean isProblem, String message) {}

    /** About an unknown section; empty when it is unknown here too. */
    static Optional<Verdict> section(String name, ConfigNode node) {
        String what = WHAT.get(name);
        String key = SECTIONS.get(name);
        if (what == null || key == null) {
            return Optional.empty();
        }
        ConfigNode switchNode =
                node instanceof ConfigNode.Section section ? section.entries().get(key) : null;
        if (switchNode instanceof ConfigNode.Scalar scalar && isOff(scalar.value())) {
            return Optional.of(new Verdict(false, what + NOT_HERE + "the section is switched off and was ignored"));
        }
        return Optional.of(new Verdict(
                true, what + NOT_HERE + "remove the section, or switch it off with '%s: false' in it".formatted(key)));
    }

    /** About an unknown key; empty when it is unknown here too. */
    static Optional<Verdict> key(String path, ConfigNode node) {
        String what = KEYS.get(path);
        if (what == null) {
            return Optional.empty();
        }
        if (node instanceof ConfigNode.Scalar scalar && isOff(scalar.value())) {
            return Optional.of(new Verdict(false, what + NOT_HERE + "the key is switched off and was ignored"));
        }
        return Optional.of(new Verdict(true, what + NOT_HERE + "remove the key, or set it to false"));
    }

    private static boolean isOff(@Nullable Object value) {
        return value == null || OFF.contains(value.toString());
    }
}
