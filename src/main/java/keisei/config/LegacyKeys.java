package keisei.config;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Spellings of the original project that mean a key of today: flat upper-case keys at the top of a file
 * ({@code SEED}, {@code TOTAL_TIMESTEPS}), and keys that once stood in another section.
 */
final class LegacyKeys {
    private static final Map<String, String> FLAT = flat();

    private static final Map<String, String> MOVED = Map.of(
            "evaluation.evaluation_interval_timesteps", "training.evaluation_interval_timesteps",
            "evaluation.log_file", "evaluation.log_file_path_eval");

    private LegacyKeys() {}

    private static Map<String, String> flat() {
        Map<String, String> keys = new LinkedHashMap<>();
        // The first section that has a name owns it: MAX_MOVES_PER_GAME and NUM_GAMES are env's.
        for (String path : ConfigSchema.fields().keySet()) {
            keys.putIfAbsent(path.substring(path.lastIndexOf('.') + 1).toUpperCase(Locale.ROOT), path);
        }
        keys.put("GRADIENT_CLIP_NORM", "training.gradient_clip_max_norm");
        keys.put("LAMBDA", "training.lambda_gae");
        keys.put("ENTROPY_COEFF", "training.entropy_coef");
        return keys;
    }

    /** Today's path of a flat upper-case key. */
    static Optional<String> flat(String key) {
        return Optional.ofNullable(FLAT.get(key));
    }

    /** Today's path of a key that stood elsewhere. */
    static Optional<String> moved(String path) {
        return Optional.ofNullable(MOVED.get(path));
    }

    static boolean looksFlat(String key) {
        return key.matches("[A-Z][A-Z0-9_]*");
    }
}
