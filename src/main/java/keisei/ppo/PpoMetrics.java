package keisei.ppo;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What one update did. Losses, entropy, KL estimates and clip fraction are means over the rows of all minibatches that
 * were evaluated, each at the parameters it met.
 *
 * @param policyLoss clipped surrogate loss
 * @param valueLoss squared error (no factor 1/2)
 * @param entropy entropy over legal moves in nats, with its true (positive) sign
 * @param klPlain mean of {@code oldLogp - logp}
 * @param klLowVariance mean of {@code (r - 1) - log r}, never negative
 * @param clipFraction share of rows with {@code |r - 1| > clipRange}
 * @param explainedVariance {@code 1 - Var(returns - values) / Var(returns)} of the rollout's values; NaN where all
 *     returns are equal
 * @param gradientNorm mean L2 norm before clipping, over the steps that were not skipped
 * @param learningRate of the last step
 * @param firstRatioDeviation largest {@code |r - 1|} of the first minibatch; 0 within rounding when rollout and update
 *     compute the same function
 * @param firstKl low-variance KL estimate of the first minibatch; 0 within rounding likewise
 * @param rows rows of the batch
 * @param minibatches gradient steps, skipped ones included
 * @param skippedSteps steps that the optimizer skipped because their gradient was not finite
 * @param stoppedEarly whether the KL limit ended the update
 */
public record PpoMetrics(
        double policyLoss,
        double valueLoss,
        double entropy,
        double klPlain,
        double klLowVariance,
        double clipFraction,
        double explainedVariance,
        double gradientNorm,
        double learningRate,
        double firstRatioDeviation,
        double firstKl,
        int rows,
        int minibatches,
        int skippedSteps,
        boolean stoppedEarly) {

    /** Every figure under the key that trackers show, the seeds' {@code ppo/...} names where they have one. */
    public Map<String, Double> asMap() {
        Map<String, Double> map = new LinkedHashMap<>();
        map.put("ppo/policy_loss", policyLoss);
        map.put("ppo/value_loss", valueLoss);
        map.put("ppo/entropy", entropy);
        map.put("ppo/kl_divergence_approx", klPlain);
        map.put("ppo/kl_low_variance", klLowVariance);
        map.put("ppo/clip_fraction", clipFraction);
        map.put("ppo/explained_variance", explainedVariance);
        map.put("ppo/gradient_norm", gradientNorm);
        map.put("ppo/learning_rate", learningRate);
        map.put("ppo/first_ratio_deviation", firstRatioDeviation);
        map.put("ppo/first_kl", firstKl);
        map.put("ppo/rows", (double) rows);
        map.put("ppo/minibatches", (double) minibatches);
        map.put("ppo/skipped_steps", (double) skippedSteps);
        map.put("ppo/stopped_early", stoppedEarly ? 1.0 : 0.0);
        return map;
    }
}
