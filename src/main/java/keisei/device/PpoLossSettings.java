package keisei.device;

/**
 * Constants of the PPO loss (Schulman et al. 2017).
 *
 * @param clipRange epsilon of the clipped ratio, and of the clipped value loss
 * @param valueCoefficient factor of the value loss
 * @param entropyCoefficient factor of the entropy bonus
 * @param clipValueLoss element-wise max of plain and clipped squared error instead of the plain one
 */
public record PpoLossSettings(
        double clipRange, double valueCoefficient, double entropyCoefficient, boolean clipValueLoss) {}
