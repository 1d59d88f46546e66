package keisei.device.reference;

import keisei.device.PolicyKernels;
import keisei.device.Slice;

final class ReferencePolicy implements PolicyKernels {
    private final Operands operands;

    ReferencePolicy(Operands operands) {
        this.operands = operands;
    }

    static long maskLength(int batch, int actions) {
        return (long) batch * ((actions + 31) / 32);
    }

    @Override
    public void logSoftmax(int batch, int actions, Slice logits, Slice mask, Slice out) {
        Reals in = operands.reals("logits", logits, (long) batch * actions);
        int[] words = operands.ints("mask", mask, maskLength(batch, actions));
        Reals result = operands.reals("out", out, (long) batch * actions);
        for (int n = 0; n < batch; n++) {
            MaskedSoftmax row = new MaskedSoftmax(n, actions, in, words, mask);
            for (int a = 0; a < actions; a++) {
                result.set(n * actions + a, row.logProbability(a));
            }
        }
    }

    @Override
    public void logSoftmaxBackward(
            int batch, int actions, Slice out, Slice mask, Slice dOut, Slice dLogits, boolean accumulate) {
        Reals result = operands.reals("out", out, (long) batch * actions);
        int[] words = operands.ints("mask", mask, maskLength(batch, actions));
        Reals upstream = operands.reals("dOut", dOut, (long) batch * actions);
        Reals gradient = operands.reals("dLogits", dLogits, (long) batch * actions);
        int rowWords = (actions + 31) / 32;
        for (int n = 0; n < batch; n++) {
            double sum = 0;
            for (int a = 0; a < actions; a++) {
                if (isLegal(words, mask.offset() + n * rowWords, a)) {
                    sum += upstream.get(n * actions + a);
                }
            }
            for (int a = 0; a < actions; a++) {
                int i = n * actions + a;
                boolean legal = isLegal(words, mask.offset() + n * rowWords, a);
                gradient.put(i, legal ? upstream.get(i) - Math.exp(result.get(i)) * sum : 0, accumulate);
            }
        }
    }

    private static boolean isLegal(int[] words, int rowStart, int action) {
        return (words[rowStart + action / 32] >>> (action % 32) & 1) != 0;
    }

    @Override
    public void sample(
            int batch, int actions, Slice logits, Slice mask, Slice uniforms, Slice action, Slice logProbability) {
        Reals in = operands.reals("logits", logits, (long) batch * actions);
        int[] words = operands.ints("mask", mask, maskLength(batch, actions));
        Reals random = operands.reals("uniforms", uniforms, batch);
        int[] actionOut = operands.ints("action", action, batch);
        Reals logProbabilityOut = operands.reals("logProbability", logProbability, batch);
        for (int n = 0; n < batch; n++) {
            MaskedSoftmax row = new MaskedSoftmax(n, actions, in, words, mask);
            int chosen = 0;
            double cumulative = 0;
            for (int a = 0; a < actions && cumulative <= random.get(n); a++) {
                if (row.probability(a) > 0) {
                    chosen = a;
                    cumulative += row.probability(a);
                }
            }
            actionOut[action.offset() + n] = chosen;
            logProbabilityOut.set(n, row.any() ? row.logProbability(chosen) : 0);
        }
    }

    @Override
    public void greedy(int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability) {
        Reals in = operands.reals("logits", logits, (long) batch * actions);
        int[] words = operands.ints("mask", mask, maskLength(batch, actions));
        int[] actionOut = operands.ints("action", action, batch);
        Reals logProbabilityOut = operands.reals("logProbability", logProbability, batch);
        for (int n = 0; n < batch; n++) {
            MaskedSoftmax row = new MaskedSoftmax(n, actions, in, words, mask);
            int best = -1;
            for (int a = 0; a < actions; a++) {
                if (row.legal(a) && (best < 0 || in.get(n * actions + a) > in.get(n * actions + best))) {
                    best = a;
                }
            }
            actionOut[action.offset() + n] = Math.max(best, 0);
            logProbabilityOut.set(n, best < 0 ? 0 : row.logProbability(best));
        }
    }

    @Override
    public void evaluate(
            int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability, Slice entropy) {
        Reals in = operands.reals("logits", logits, (long) batch * actions);
        int[] words = operands.ints("mask", mask, maskLength(batch, actions));
        int[] given = operands.ints("action", action, batch);
        Reals logProbabilityOut = operands.reals("logProbability", logProbability, batch);
        Reals entropyOut = operands.reals("entropy", entropy, batch);
        for (int n = 0; n < batch; n++) {
            MaskedSoftmax row = new MaskedSoftmax(n, actions, in, words, mask);
            logProbabilityOut.set(n, row.any() ? row.logProbability(given[action.offset() + n]) : 0);
            entropyOut.set(n, row.entropy());
        }
    }

    @Override
    public void evaluateBackward(
            int batch,
            int actions,
            Slice logits,
            Slice mask,
            Slice action,
            Slice dLogProbability,
            Slice dEntropy,
            Slice dLogits,
            boolean accumulate) {
        Reals in = operands.reals("logits", logits, (long) batch * actions);
        int[] words = operands.ints("mask", mask, maskLength(batch, actions));
        int[] given = operands.ints("action", action, batch);
        Reals dLogP = operands.reals("dLogProbability", dLogProbability, batch);
        Reals dH = operands.reals("dEntropy", dEntropy, batch);
        Reals gradient = operands.reals("dLogits", dLogits, (long) batch * actions);
        for (int n = 0; n < batch; n++) {
            MaskedSoftmax row = new MaskedSoftmax(n, actions, in, words, mask);
            for (int a = 0; a < actions; a++) {
                double d = row.legal(a) ? row.gradient(a, given[action.offset() + n], dLogP.get(n), dH.get(n)) : 0;
                gradient.put(n * actions + a, d, accumulate);
            }
        }
    }
}
