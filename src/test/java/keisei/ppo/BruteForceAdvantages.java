package keisei.ppo;

/**
 * Advantages by definition, in float64: for each step the forward sum of discounted deltas along its own trajectory,
 * with no recurrence. O(T^2), for tests.
 */
final class BruteForceAdvantages {
    private BruteForceAdvantages() {}

    /** All arrays {@code [T, N]}, except {@code last [N]}. */
    static double[] advantages(
            int steps,
            int games,
            double gamma,
            double lambda,
            double sign,
            double[] reward,
            double[] value,
            double[] last,
            double[] finalValue,
            byte[] terminated,
            byte[] truncated) {
        double[] result = new double[steps * games];
        for (int game = 0; game < games; game++) {
            for (int start = 0; start < steps; start++) {
                double sum = 0;
                for (int t = start; t < steps; t++) {
                    int i = t * games + game;
                    double next;
                    if (terminated[i] != 0) {
                        next = 0;
                    } else if (truncated[i] != 0) {
                        next = finalValue[i];
                    } else {
                        next = t + 1 == steps ? last[game] : value[i + games];
                    }
                    double delta = reward[i] + gamma * sign * next - value[i];
                    sum += Math.pow(gamma * lambda, t - start) * Math.pow(sign, t - start) * delta;
                    if (terminated[i] != 0 || truncated[i] != 0) {
                        break;
                    }
                }
                result[start * games + game] = sum;
            }
        }
        return result;
    }
}
