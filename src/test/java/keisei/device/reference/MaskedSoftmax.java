package keisei.device.reference;

import keisei.device.Slice;

/** One row's softmax over its legal actions. */
final class MaskedSoftmax {
    private final double[] logProbability;
    private final boolean[] legal;
    private final boolean any;
    private final double entropy;

    MaskedSoftmax(int row, int actions, Reals logits, int[] maskWords, Slice mask) {
        int words = (actions + 31) / 32;
        legal = new boolean[actions];
        logProbability = new double[actions];
        double max = Double.NEGATIVE_INFINITY;
        boolean found = false;
        for (int a = 0; a < actions; a++) {
            legal[a] = (maskWords[mask.offset() + row * words + a / 32] >>> (a % 32) & 1) != 0;
            if (legal[a]) {
                found = true;
                max = Math.max(max, logits.get(row * actions + a));
            }
        }
        any = found;
        double sum = 0;
        for (int a = 0; a < actions; a++) {
            if (legal[a]) {
                sum += Math.exp(logits.get(row * actions + a) - max);
            }
        }
        double logSum = max + Math.log(sum);
        double h = 0;
        for (int a = 0; a < actions; a++) {
            logProbability[a] = legal[a] ? logits.get(row * actions + a) - logSum : Double.NEGATIVE_INFINITY;
            if (legal[a] && probability(a) > 0) {
                h -= probability(a) * logProbability[a];
            }
        }
        entropy = h;
    }

    boolean any() {
        return any;
    }

    boolean legal(int action) {
        return legal[action];
    }

    double logProbability(int action) {
        return logProbability[action];
    }

    double probability(int action) {
        return legal[action] ? Math.exp(logProbability[action]) : 0;
    }

    /** 0 where nothing is legal. */
    double entropy() {
        return entropy;
    }

    /** d(logp[chosen] * dLogProbability + H * dEntropy) / dlogit[action]. */
    double gradient(int action, int chosen, double dLogProbability, double dEntropy) {
        double p = probability(action);
        if (p == 0 && action != chosen) {
            return 0;
        }
        double fromEntropy = p == 0 ? 0 : -p * (logProbability[action] + entropy);
        return dLogProbability * ((action == chosen ? 1 : 0) - p) + dEntropy * fromEntropy;
    }
}
