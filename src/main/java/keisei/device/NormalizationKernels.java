package keisei.device;

import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation over the rows of {@code x[rows, C]} (rows = N*H*W), fused with the residual sum and ReLU that
 * follow it: {@code y = f(gamma * (x - mean) * invStd + beta + residual)}. Statistics are gathered in two passes
 * (or an equally stable way): E[x^2]-E[x]^2 fails for channels whose mean is large.
 */
public interface NormalizationKernels {
    /** {@code mean[C]} and biased {@code variance[C]} of {@code x[rows, C]}. */
    void statistics(int rows, int channels, Slice x, Slice mean, Slice variance);

    /** {@code invStd[c] = 1 / sqrt(variance[c] + epsilon)}. */
    void inverseDeviation(Slice variance, double epsilon, Slice invStd);

    /**
     * {@code running = (1 - momentum) * running + momentum * batch}, the variance with Bessel's correction
     * rows / (rows - 1) (1 where there is one row).
     */
    void updateRunning(int rows, double momentum, Slice mean, Slice variance, Slice runningMean, Slice runningVariance);

    /** {@code y = f(gamma * (x - mean) * invStd + beta + residual)}; {@code y} may be {@code x} or {@code residual}. */
    void forward(
            int rows,
            int channels,
            Slice x,
            Slice mean,
            Slice invStd,
            Slice gamma,
            Slice beta,
            @Nullable Slice residual,
            boolean relu,
            Slice y);

    /**
     * Gradients of {@link #forward}.
     *
     * @param batchStatistics true: mean and invStd are functions of x and the gradient goes through them; false:
     *     they are constants
     * @param y the output; read only when {@code relu}
     * @param dx overwritten, or added to when {@code accumulate}
     * @param dGamma accumulates, {@code [C]}
     * @param dBeta accumulates, {@code [C]}
     * @param dResidual where given: overwritten, or added to when {@code accumulateResidual}
     */
    void backward(
            int rows,
            int channels,
            boolean batchStatistics,
            Slice x,
            Slice y,
            Slice dy,
            Slice mean,
            Slice invStd,
            Slice gamma,
            boolean relu,
            Slice dx,
            boolean accumulate,
            Slice dGamma,
            Slice dBeta,
            @Nullable Slice dResidual,
            boolean accumulateResidual);

    /**
     * Folds a normalisation behind a convolution with bias into {@code scale} and {@code shift} of an
     * {@link Epilogue}: scale = gamma * invStd, shift = beta + (bias - mean) * scale.
     */
    void fold(
            double epsilon,
            Slice gamma,
            Slice beta,
            Slice mean,
            Slice variance,
            @Nullable Slice bias,
            Slice scale,
            Slice shift);
}
