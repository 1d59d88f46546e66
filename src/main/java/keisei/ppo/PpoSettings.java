package keisei.ppo;

import keisei.device.PpoLossSettings;
import keisei.nn.Normalization;

/**
 * Constants of PPO (Schulman et al. 2017). The optimizer's constants and the learning rate live in
 * {@code keisei.optim}.
 *
 * @param gamma discount a step, in (0, 1]
 * @param gaeLambda lambda of generalised advantage estimation, in [0, 1]
 * @param clipRange epsilon of the clipped ratio, and of the clipped value loss; in (0, 1]
 * @param valueCoefficient factor of the value loss, at least 0
 * @param entropyCoefficient factor of the entropy bonus, at least 0
 * @param epochs passes over the batch an update, at least 1
 * @param minibatchSize rows a gradient step, at least 1; the last minibatch of an epoch may be shorter
 * @param normalizeAdvantages advantages are normalised once an update, over the whole batch (see
 *     {@link ExperienceBuffer#normalizeAdvantages()})
 * @param clipValueLoss element-wise maximum of the plain and the clipped squared error instead of the plain one
 * @param clipPolicyLoss PPO's clipped surrogate; false: the plain one
 * @param targetKl an update stops before the first step whose minibatch has a larger low-variance KL estimate; 0 or
 *     less: never
 * @param normalization what batch normalisation uses in the update
 * @param statisticsMomentum in {@link Normalization#RUNNING} mode, how far the running statistics move toward those
 *     of the collected batch after an update; in [0, 1], 1 replaces them, 0 keeps those of the calibration
 */
public record PpoSettings(
        double gamma,
        double gaeLambda,
        double clipRange,
        double valueCoefficient,
        double entropyCoefficient,
        int epochs,
        int minibatchSize,
        boolean normalizeAdvantages,
        boolean clipValueLoss,
        boolean clipPolicyLoss,
        double targetKl,
        Normalization normalization,
        double statisticsMomentum) {
    /** @throws IllegalArgumentException naming every field that is out of range, with its value and what is allowed */
    public PpoSettings {
        StringBuilder problems = new StringBuilder();
        check(problems, "gamma", gamma, gamma > 0 && gamma <= 1, "in (0, 1]");
        check(problems, "gaeLambda", gaeLambda, gaeLambda >= 0 && gaeLambda <= 1, "in [0, 1]");
        check(problems, "clipRange", clipRange, clipRange > 0 && clipRange <= 1, "in (0, 1]");
        check(problems, "valueCoefficient", valueCoefficient, isFiniteFactor(valueCoefficient), "finite and >= 0");
        check(
                problems,
                "entropyCoefficient",
                entropyCoefficient,
                isFiniteFactor(entropyCoefficient),
                "finite and >= 0");
        check(problems, "epochs", epochs, epochs >= 1, ">= 1");
        check(problems, "minibatchSize", minibatchSize, minibatchSize >= 1, ">= 1");
        check(problems, "targetKl", targetKl, Double.isFinite(targetKl), "finite");
        check(
                problems,
                "statisticsMomentum",
                statisticsMomentum,
                statisticsMomentum >= 0 && statisticsMomentum <= 1,
                "in [0, 1]");
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("PPO settings:" + problems);
        }
    }

    /** With the clipped policy loss. */
    public PpoSettings(
            double gamma,
            double gaeLambda,
            double clipRange,
            double valueCoefficient,
            double entropyCoefficient,
            int epochs,
            int minibatchSize,
            boolean normalizeAdvantages,
            boolean clipValueLoss,
            double targetKl,
            Normalization normalization,
            double statisticsMomentum) {
        this(
                gamma,
                gaeLambda,
                clipRange,
                valueCoefficient,
                entropyCoefficient,
                epochs,
                minibatchSize,
                normalizeAdvantages,
                clipValueLoss,
                true,
                targetKl,
                normalization,
                statisticsMomentum);
    }

    /** The seeds' defaults, with advantages normalised, and no clipping of the value loss, no KL limit. */
    public static PpoSettings defaults() {
        return new PpoSettings(0.99, 0.95, 0.2, 0.5, 0.01, 10, 64, true, false, true, 0, Normalization.RUNNING, 0.1);
    }

    /** The part that the loss kernel needs. */
    public PpoLossSettings loss() {
        return new PpoLossSettings(clipRange, valueCoefficient, entropyCoefficient, clipValueLoss, clipPolicyLoss);
    }

    private static boolean isFiniteFactor(double value) {
        return Double.isFinite(value) && value >= 0;
    }

    private static void check(StringBuilder problems, String field, Number value, boolean valid, String allowed) {
        if (!valid) {
            problems.append(" %s is %s, must be %s;".formatted(field, value, allowed));
        }
    }
}
