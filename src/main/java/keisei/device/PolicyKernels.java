package keisei.device;

/**
 * Categorical policies over legal actions. Logits are {@code [N, A]}; a mask is {@code [N, ceil(A/32)]} of I32 words,
 * action a being bit {@code a % 32} of word {@code a / 32}. Illegal actions have probability 0 whatever their logit
 * (they take no part in the maximum). Rows without a legal action are defined: action 0, log-probability 0, entropy 0,
 * gradient 0.
 */
public interface PolicyKernels {
    /** {@code out[N, A]}: log-probabilities, negative infinity for illegal actions. */
    void logSoftmax(int batch, int actions, Slice logits, Slice mask, Slice out);

    /** Gradient of {@link #logSoftmax} from its output and {@code dOut[N, A]}; entries of illegal actions are ignored. */
    void logSoftmaxBackward(
            int batch, int actions, Slice out, Slice mask, Slice dOut, Slice dLogits, boolean accumulate);

    /**
     * Draws one action a row by inversion of the cumulative distribution over legal actions in index order.
     *
     * @param uniforms {@code [N]} in [0, 1)
     * @param action {@code [N]} I32
     * @param logProbability {@code [N]}
     */
    void sample(int batch, int actions, Slice logits, Slice mask, Slice uniforms, Slice action, Slice logProbability);

    /** The legal action with the largest logit (the first of equals) and its log-probability. */
    void greedy(int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability);

    /** Log-probability of given actions {@code [N]} I32 and entropy over legal actions {@code [N]}. */
    void evaluate(int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability, Slice entropy);

    /** Gradient of {@link #evaluate}: {@code dLogits[N, A]} from {@code dLogProbability[N]}, {@code dEntropy[N]}. */
    void evaluateBackward(
            int batch,
            int actions,
            Slice logits,
            Slice mask,
            Slice action,
            Slice dLogProbability,
            Slice dEntropy,
            Slice dLogits,
            boolean accumulate);
}
