package keisei.device;

import org.jspecify.annotations.Nullable;

/**
 * The PPO loss with its gradient in one pass:
 * {@code loss = -mean(min(r*A, clip(r, 1-e, 1+e)*A)) + cv * valueLoss - ce * mean(entropy)} with
 * {@code r = exp(logp - oldLogp)}, {@code valueLoss = mean((v - R)^2)} or, clipped,
 * {@code mean(max((v - R)^2, (oldV + clamp(v - oldV, -e, e) - R)^2))} (Schulman et al. 2017; no factor 1/2).
 */
public interface PpoLossKernels {
    /** Index in {@code metrics}: sum over rows of the policy loss's terms. */
    int POLICY_LOSS = 0;

    /** Sum of the value loss's terms. */
    int VALUE_LOSS = 1;

    /** Sum of the entropies (positive). */
    int ENTROPY = 2;

    /** Sum of {@code oldLogp - logp}, the plain KL estimator. */
    int KL_PLAIN = 3;

    /** Sum of {@code (r - 1) - log r}, the low-variance KL estimator (Schulman, "Approximating KL divergence"). */
    int KL_LOW_VARIANCE = 4;

    /** Number of rows with {@code |r - 1| > e}. */
    int CLIPPED = 5;

    /** Number of rows. */
    int ROWS = 6;

    /** Largest {@code |r - 1|} (a maximum, not a sum). */
    int MAX_RATIO_DEVIATION = 7;

    /** Length of {@code metrics}. */
    int METRICS = 8;

    /**
     * @param logits {@code [N, A]}
     * @param mask as in {@link PolicyKernels}
     * @param action {@code [N]} I32
     * @param oldLogProbability {@code [N]}
     * @param advantage {@code [N]}
     * @param value {@code [N]}
     * @param oldValue {@code [N]}
     * @param returns {@code [N]}
     * @param lossScale {@code [1]}: factor of {@code dLogits} and {@code dValue}, not of the metrics; null: 1
     * @param dLogits {@code [N, A]}, overwritten with the gradient of the loss
     * @param dValue {@code [N]}, overwritten
     * @param metrics {@code [METRICS]}, accumulates
     */
    void lossAndGradient(
            int batch,
            int actions,
            PpoLossSettings settings,
            Slice logits,
            Slice mask,
            Slice action,
            Slice oldLogProbability,
            Slice advantage,
            Slice value,
            Slice oldValue,
            Slice returns,
            @Nullable Slice lossScale,
            Slice dLogits,
            Slice dValue,
            Slice metrics);
}
