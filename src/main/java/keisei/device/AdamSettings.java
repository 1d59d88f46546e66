package keisei.device;

/**
 * Constants of Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), as PyTorch defines them.
 *
 * @param beta1 decay of the first moment
 * @param beta2 decay of the second moment
 * @param epsilon added to the root of the corrected second moment
 * @param weightDecay factor of the decay
 * @param decoupled true: AdamW, {@code p *= 1 - lr * decay} first; false: {@code g += decay * p} first
 * @param maxGradientNorm clips by {@code min(1, max / (norm + 1e-6))}; 0 or less: no clipping
 */
public record AdamSettings(
        double beta1, double beta2, double epsilon, double weightDecay, boolean decoupled, double maxGradientNorm) {}
