package keisei.optim;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Learning rate as a function of the steps really taken. What one step is (a gradient step, an update) is the
 * caller's choice; {@link #every} turns a schedule of coarse steps into one of fine ones. Immutable.
 */
public sealed interface LearningRateSchedule {
    /** The names that {@link #of} knows. */
    List<String> TYPES = List.of("constant", "linear", "cosine", "exponential", "step");

    /**
     * The rate of the step that follows {@code stepsTaken} steps.
     *
     * @throws IllegalArgumentException when {@code stepsTaken} is negative
     */
    double at(long stepsTaken);

    /** The same rate for ever. */
    static LearningRateSchedule constant(double rate) {
        return new Constant(rate);
    }

    /** This schedule, moved on by one step only after each {@code steps} steps. */
    default LearningRateSchedule every(long steps) {
        return new Every(this, steps);
    }

    /**
     * Builds a schedule by name.
     *
     * @param type one of {@link #TYPES}
     * @param rate the first rate
     * @param totalSteps steps that will be taken in all; used by linear and cosine
     * @param parameters {@code final_lr_fraction} (linear, default 0.1), {@code eta_min_fraction} (cosine, 0),
     *     {@code gamma} (exponential, 0.995; step, 0.5), {@code step_size} (step, 1000)
     * @throws IllegalArgumentException naming the type, parameter or value that is not allowed
     */
    static LearningRateSchedule of(String type, double rate, long totalSteps, Map<String, Double> parameters) {
        return switch (type) {
            case "constant" -> {
                known(type, parameters);
                yield new Constant(rate);
            }
            case "linear" -> {
                known(type, parameters, "final_lr_fraction");
                yield new Linear(rate, totalSteps, parameters.getOrDefault("final_lr_fraction", 0.1));
            }
            case "cosine" -> {
                known(type, parameters, "eta_min_fraction");
                yield new Cosine(rate, totalSteps, parameters.getOrDefault("eta_min_fraction", 0.0));
            }
            case "exponential" -> {
                known(type, parameters, "gamma");
                yield new Exponential(rate, parameters.getOrDefault("gamma", 0.995));
            }
            case "step" -> {
                known(type, parameters, "gamma", "step_size");
                double size = parameters.getOrDefault("step_size", 1000.0);
                if (size != Math.rint(size)) {
                    throw new IllegalArgumentException(
                            "learning-rate schedule step: step_size " + size + " is not a whole number");
                }
                yield new Step(rate, (long) size, parameters.getOrDefault("gamma", 0.5));
            }
            default ->
                throw new IllegalArgumentException(
                        "unknown learning-rate schedule '%s'; known: %s".formatted(type, String.join(", ", TYPES)));
        };
    }

    private static void known(String type, Map<String, Double> parameters, String... allowed) {
        TreeSet<String> unknown = new TreeSet<>(parameters.keySet());
        unknown.removeAll(List.of(allowed));
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("learning-rate schedule %s does not know %s; it knows %s"
                    .formatted(type, unknown, List.of(allowed)));
        }
    }

    private static long checkedSteps(long stepsTaken) {
        if (stepsTaken < 0) {
            throw new IllegalArgumentException("steps taken is " + stepsTaken + " and must be at least 0");
        }
        return stepsTaken;
    }

    private static void checkRate(double rate) {
        if (!(rate > 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException("learning rate " + rate + " must be positive and finite");
        }
    }

    private static void checkFraction(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " " + value + " is not in [0, 1]");
        }
    }

    private static void checkPositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " " + value + " must be at least 1");
        }
    }

    /** One rate. */
    record Constant(double rate) implements LearningRateSchedule {
        /** @throws IllegalArgumentException when the rate is not positive and finite */
        public Constant {
            checkRate(rate);
        }

        @Override
        public double at(long stepsTaken) {
            checkedSteps(stepsTaken);
            return rate;
        }
    }

    /** A straight line from {@code rate} to {@code finalFraction * rate} after {@code totalSteps}; then level. */
    record Linear(double rate, long totalSteps, double finalFraction) implements LearningRateSchedule {
        /** @throws IllegalArgumentException when a value is out of range */
        public Linear {
            checkRate(rate);
            checkPositive("total steps", totalSteps);
            checkFraction("final_lr_fraction", finalFraction);
        }

        @Override
        public double at(long stepsTaken) {
            double progress = (double) Math.min(checkedSteps(stepsTaken), totalSteps) / totalSteps;
            return rate * (1 - (1 - finalFraction) * progress);
        }
    }

    /** Half a cosine from {@code rate} to {@code minFraction * rate} after {@code totalSteps}; then level. */
    record Cosine(double rate, long totalSteps, double minFraction) implements LearningRateSchedule {
        /** @throws IllegalArgumentException when a value is out of range */
        public Cosine {
            checkRate(rate);
            checkPositive("total steps", totalSteps);
            checkFraction("eta_min_fraction", minFraction);
        }

        @Override
        public double at(long stepsTaken) {
            double progress = (double) Math.min(checkedSteps(stepsTaken), totalSteps) / totalSteps;
            double least = rate * minFraction;
            return least + (rate - least) * (1 + Math.cos(Math.PI * progress)) / 2;
        }
    }

    /** {@code rate * gamma^steps}. */
    record Exponential(double rate, double gamma) implements LearningRateSchedule {
        /** @throws IllegalArgumentException when a value is out of range */
        public Exponential {
            checkRate(rate);
            checkFraction("gamma", gamma);
        }

        @Override
        public double at(long stepsTaken) {
            return rate * Math.pow(gamma, checkedSteps(stepsTaken));
        }
    }

    /** {@code rate * gamma^floor(steps / stepSize)}. */
    record Step(double rate, long stepSize, double gamma) implements LearningRateSchedule {
        /** @throws IllegalArgumentException when a value is out of range */
        public Step {
            checkRate(rate);
            checkPositive("step_size", stepSize);
            checkFraction("gamma", gamma);
        }

        @Override
        public double at(long stepsTaken) {
            return rate * Math.pow(gamma, checkedSteps(stepsTaken) / stepSize);
        }
    }

    /** {@code inner}, whose steps are {@code steps} steps of this one. */
    record Every(LearningRateSchedule inner, long steps) implements LearningRateSchedule {
        /** @throws IllegalArgumentException when {@code steps} is not positive */
        public Every {
            checkPositive("steps", steps);
        }

        @Override
        public double at(long stepsTaken) {
            return inner.at(checkedSteps(stepsTaken) / steps);
        }
    }
}
