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

    /** Length of {@code control}. */
    int CONTROL = 3;

    /** Writes the L2 norm of {@code gradient} (sum in double) to {@code control[GRADIENT_NORM]}. */
    void gradientNorm(Slice gradient, Slice control);

    /**
     * One step; clips with the norm in {@code control}. A norm that is not finite skips the step: parameters,
     * moments and step count stay as they are.
     */
    void adam(AdamSettings settings, Slice control, Slice parameter, Slice gradient, Slice moment1, Slice moment2);
}
