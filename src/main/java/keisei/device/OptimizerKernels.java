package keisei.device;

/**
 * The optimizer over flat buffers. What changes between steps lives in {@code control}, in device memory, so that a
 * recorded step can be replayed.
 */
public interface OptimizerKernels {
    /** Index in {@code control}: the learning rate, written by the caller. */
    int LEARNING_RATE = 0;

    /** Number of steps applied so far; {@link #adam} adds 1 before it uses it. */
    int APPLIED_STEPS = 1;

    /** Global L2 norm of the gradient before clipping, written by {@link #gradientNorm}. */
    int GRADIENT_NORM = 2;

    /**
     * The loss scale: {@code gradient} holds the gradient times this. 1 without loss scaling; never 0. Set by the caller
     * at first, moved by {@link #updateLossScale}.
     */
    int LOSS_SCALE = 3;

    /** Applied steps since the loss scale changed, at most {@link LossScaling#growthInterval()}. */
    int GOOD_STEPS = 4;

    /** Length of {@code control}. */
    int CONTROL = 5;

    /** Writes the L2 norm of {@code gradient / control[LOSS_SCALE]} (sum in double) to {@code control[GRADIENT_NORM]}. */
    void gradientNorm(Slice gradient, Slice control);

    /**
     * One step with {@code gradient / control[LOSS_SCALE]}; clips with the norm in {@code control}. A norm that is not finite skips the step: parameters,
     * moments and step count stay as they are.
     */
    void adam(AdamSettings settings, Slice control, Slice parameter, Slice gradient, Slice moment1, Slice moment2);

    /**
     * Moves the loss scale after {@link #adam}, on the device: a norm that is not finite multiplies it by the backoff,
     * {@code growthInterval} applied steps in a row multiply it by the growth; either starts the count again.
     */
    void updateLossScale(LossScaling scaling, Slice control);
}
