package keisei.config;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Parameters of the learning-rate schedule; null: the schedule's own default. Each schedule has its own, and only those
 * may be given.
 *
 * @param finalLrFraction linear: the rate at the end, as a fraction of the start (default 0.1)
 * @param etaMinFraction cosine: the rate at the end, as a fraction of the start (default 0)
 * @param gamma exponential: factor a step (default 0.995); step: factor every {@code stepSize} steps (default 0.5)
 * @param stepSize step: steps between reductions (default 1000)
 */
public record ScheduleConfig(
        @Setting(value = "null", range = "[0, 1]", optional = true) @Nullable
        Double finalLrFraction,

        @Setting(value = "null", range = "[0, 1]", optional = true) @Nullable
        Double etaMinFraction,

        @Setting(value = "null", range = "(0, 1]", optional = true) @Nullable
        Double gamma,

        @Setting(value = "null", range = "[1, 1e9]", optional = true) @Nullable
        Integer stepSize) {
    /** Keys that a schedule reads. */
    static List<String> keysOf(@Nullable String scheduleType) {
        return switch (scheduleType) {
            case "linear" -> List.of("final_lr_fraction");
            case "cosine" -> List.of("eta_min_fraction");
            case "exponential" -> List.of("gamma");
            case "step" -> List.of("gamma", "step_size");
            case null, default -> List.of();
        };
    }

    /** Those that were given, by key. */
    public Map<String, Double> given() {
        Map<String, Double> given = new LinkedHashMap<>();
        put(given, "final_lr_fraction", finalLrFraction);
        put(given, "eta_min_fraction", etaMinFraction);
        put(given, "gamma", gamma);
        put(given, "step_size", stepSize);
        return given;
    }

    private static void put(Map<String, Double> given, String key, @Nullable Number value) {
        if (value != null) {
            given.put(key, value.doubleValue());
        }
    }
}
