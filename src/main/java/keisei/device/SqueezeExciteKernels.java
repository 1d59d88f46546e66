package keisei.device;

import org.jspecify.annotations.Nullable;

/**
 * Squeeze-and-excitation (Hu et al. 2018) fused with the residual sum and ReLU that follow it:
 * {@code p = mean_HW(x); h = relu(W1 p + b1); s = sigmoid(W2 h + b2); y = f(x * s + residual)}.
 */
public interface SqueezeExciteKernels {
    /**
     * @param channels C
     * @param hidden width H of the bottleneck
     * @param weights the four parameters
     * @param pooled p {@code [N, C]}, kept for the gradient
     * @param hiddenOut h {@code [N, H]}, kept for the gradient
     * @param gate s {@code [N, C]}, kept for the gradient
     * @param y {@code [N, spatial, C]}; may be {@code x} or {@code residual}
     */
    void forward(
            int batch,
            int spatial,
            int channels,
            int hidden,
            Slice x,
            Weights weights,
            @Nullable Slice residual,
            boolean relu,
            Slice pooled,
            Slice hiddenOut,
            Slice gate,
            Slice y);

    /**
     * Gradients of {@link #forward}.
     *
     * @param y the output; read only when {@code relu}
     * @param dx overwritten, or added to when {@code accumulate}
     * @param dWeights accumulate
     * @param dResidual where given: overwritten, or added to when {@code accumulateResidual}
     */
    void backward(
            int batch,
            int spatial,
            int channels,
            int hidden,
            Slice x,
            Slice y,
            Slice dy,
            Weights weights,
            boolean relu,
            Slice pooled,
            Slice hiddenOut,
            Slice gate,
            Slice dx,
            boolean accumulate,
            Weights dWeights,
            @Nullable Slice dResidual,
            boolean accumulateResidual);

    /**
     * The two linear layers.
     *
     * @param w1 {@code [H, C]}
     * @param b1 {@code [H]}
     * @param w2 {@code [C, H]}
     * @param b2 {@code [C]}
     */
    record Weights(Slice w1, Slice b1, Slice w2, Slice b2) {}
}
