package keisei.nn;

import keisei.device.Slice;

/**
 * A recorded forward and backward pass for one batch size: the caller fills {@link #planes()}, runs
 * {@link #forward()}, reads {@link #logits()} and {@link #value()}, fills {@link #dLogits()} and {@link #dValue()},
 * and runs {@link #backward()}, which accumulates into the parameters' gradients. Memory is the model's and is reused;
 * a pass is valid until the model is closed, its contents until another pass of the model runs.
 */
public interface TrainingPass {
    /** Rows of this pass. */
    int batch();

    /** Input {@code [N, S, S, paddedChannels]}. */
    Slice planes();

    /** Output {@code [N, A]}. */
    Slice logits();

    /** Output {@code [N]}. */
    Slice value();

    /** Gradient of the loss by the logits, {@code [N, A]}, written by the caller. */
    Slice dLogits();

    /** Gradient of the loss by the values, {@code [N]}, written by the caller. */
    Slice dValue();

    /** Computes the outputs. */
    void forward();

    /** Accumulates the gradients of all parameters. */
    void backward();
}
