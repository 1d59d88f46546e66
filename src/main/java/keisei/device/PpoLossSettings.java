package keisei.device;

/**
 * Constants of the PPO loss (Schulman et al. 2017).
 *
 * @param clipRange epsilon of the clipped ratio, and of the clipped value loss
 * @param valueCoefficient factor of the value loss
 * @param entropyCoefficient factor of the entropy bonus
 * @param clipValueLoss element-wise max of plain and clipped squared error instead of the plain one
 * @param clipPolicyLoss the smaller of the plain and the clipped surrogate; false: the plain one,
 *     {@code -mean(r * A)}
 */
public record PpoLossSettings(
        double clipRange,
        double valueCoefficient,
        double entropyCoefficient,
        boolean clipValueLoss,
        boolean clipPolicyLoss) {
    /** With the clipped policy loss. */
    public PpoLossSettings(
            double clipRange, double valueCoefficient, double entropyCoefficient, boolean clipValueLoss) {
        this(clipRange, valueCoefficient, entropyCoefficient, clipValueLoss, true);
    }
}
