package keisei.config;

/**
 * Parameters of the learning-rate schedules; each schedule reads its own.
 *
 * @param finalLrFraction linear: the rate at the end, as a fraction of the start
 * @param etaMinFraction cosine: the rate at the end, as a fraction of the start
 * @param gamma exponential: factor a step; step: factor every {@code stepSize} steps
 * @param stepSize step: steps between reductions
 */
public record ScheduleConfig(
        @Setting(value = "0.1", range = "[0, 1]") double finalLrFraction,
        @Setting(value = "0", range = "[0, 1]") double etaMinFraction,
        @Setting(value = "0.995", range = "(0, 1]") double gamma,
        @Setting(value = "1000", range = "[1, 1e9]") int stepSize) {}
