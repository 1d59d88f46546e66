package keisei.nn;

import keisei.device.Device;
import keisei.device.Slice;

/**
 * A network that maps feature planes to policy logits and a value for the side to move. Implementations own their
 * parameters, statistics and activations on one device; {@link #close()} frees them. Not thread-safe.
 */
public interface ActorCritic extends AutoCloseable {
    /** What it was built from. */
    ModelSpec spec();

    /** Where it lives. */
    Device device();

    /** Parameters with their gradients, and running statistics, by name. */
    ParameterStore parameters();

    /**
     * Sizes {@link #forward} for a batch; a larger one than any before allocates once. Memory of smaller ones is kept, so
     * that recordings stay valid: reserve the largest first.
     */
    void reserve(int batch);

    /**
     * Inference with the running statistics, no gradient.
     *
     * @param planes {@code [N, S, S, paddedChannels]}
     * @param logits {@code [N, A]}
     * @param value {@code [N]}
     */
    void forward(int batch, Slice planes, Slice logits, Slice value);

    /** The training pass for a batch size, made on first use and kept. */
    TrainingPass trainingPass(int batch);

    /** Chooses what batch normalisation uses in training passes; {@link Normalization#RUNNING} at first. */
    void setNormalization(Normalization mode);

    /**
     * Runs the planes through the network with the batch's own statistics and moves the running ones toward them:
     * {@code running = (1 - momentum) * running + momentum * batch}. Momentum 1, 1/2, 1/3, ... over chunks gives
     * their mean.
     */
    void observeStatistics(int batch, Slice planes, double momentum);

    /**
     * Remakes now what is stale for {@link #forward} (prepared weights, folded statistics), so that a
     * {@link Device#record recording} of it does not. Cheap where nothing is stale.
     */
    void refresh();

    /** Must be called after parameters were written by anyone but this model (optimizer, load). */
    void parametersChanged();

    /**
     * Forward, then a sampled action a row.
     *
     * @param mask words as in {@link keisei.device.PolicyKernels}; all-false rows give action 0, log-probability 0
     * @param uniforms {@code [N]} in [0, 1)
     * @param logits {@code [N, A]} scratch
     */
    default void sampleActionAndValue(
            int batch,
            Slice planes,
            Slice mask,
            Slice uniforms,
            Slice logits,
            Slice action,
            Slice logProbability,
            Slice value) {
        forward(batch, planes, logits, value);
        device().policy().sample(batch, spec().actions(), logits, mask, uniforms, action, logProbability);
    }

    /** Forward, then the most probable legal action a row; otherwise as {@link #sampleActionAndValue}. */
    default void greedyActionAndValue(
            int batch, Slice planes, Slice mask, Slice logits, Slice action, Slice logProbability, Slice value) {
        forward(batch, planes, logits, value);
        device().policy().greedy(batch, spec().actions(), logits, mask, action, logProbability);
    }

    /** Forward, then log-probability of given actions and entropy over legal actions; all-false rows give 0 and 0. */
    default void evaluateActions(
            int batch,
            Slice planes,
            Slice mask,
            Slice action,
            Slice logits,
            Slice logProbability,
            Slice entropy,
            Slice value) {
        forward(batch, planes, logits, value);
        device().policy().evaluate(batch, spec().actions(), logits, mask, action, logProbability, entropy);
    }

    @Override
    void close();
}
