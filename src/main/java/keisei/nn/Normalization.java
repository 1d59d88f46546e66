package keisei.nn;

/** What batch normalisation normalises with in a training pass. Inference always uses the running statistics. */
public enum Normalization {
    /** The running statistics, as constants: rollout and update compute the same function. */
    RUNNING,
    /** The minibatch's own statistics, with gradients through them; running statistics follow with the momentum. */
    BATCH
}
