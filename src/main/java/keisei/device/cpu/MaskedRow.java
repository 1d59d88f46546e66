package keisei.device.cpu;

/**
 * The softmax of one row over its legal actions, in compact arrays: only legal actions are visited. Scratch of one
 * thread.
 */
final class MaskedRow {
    private int[] index = {};
    private float[] shifted = {};
    private float[] exponential = {};
    private int count;
    private double logSum;
    private double sum;
    private int best;

    /** Words of a mask row. */
    static int words(int actions) {
        return (actions + 31) / 32;
    }

    /** Reads a row: afterwards {@link #count} legal actions with their indices, logits and exponentials. */
    void load(float[] logits, int logitStart, int[] mask, int maskStart, int actions) {
        if (index.length < actions) {
            index = new int[actions];
            shifted = new float[actions];
            exponential = new float[Lanes.roundUp(actions, Lanes.COUNT)];
        }
        int words = words(actions);
        int found = 0;
        float largest = Float.NEGATIVE_INFINITY;
        best = 0;
        for (int word = 0; word < words; word++) {
            int bits = mask[maskStart + word];
            if (word == words - 1 && actions % 32 != 0) {
                bits &= (1 << actions % 32) - 1;
            }
            while (bits != 0) {
                int action = word * 32 + Integer.numberOfTrailingZeros(bits);
                bits &= bits - 1;
                float logit = logits[logitStart + action];
                if (found == 0 || logit > largest) {
                    largest = logit;
                    best = action;
                }
                index[found] = action;
                shifted[found++] = logit;
            }
        }
        count = found;
        for (int i = 0; i < found; i++) {
            shifted[i] -= largest;
            exponential[i] = shifted[i];
        }
        VectorMath.exp(exponential, found);
        sum = 0;
        for (int i = 0; i < found; i++) {
            sum += exponential[i];
        }
        logSum = Math.log(sum);
    }

    /** Number of legal actions. */
    int count() {
        return count;
    }

    /** The i-th legal action. */
    int action(int i) {
        return index[i];
    }

    /** Log-probability of the i-th legal action. */
    double logProbability(int i) {
        return shifted[i] - logSum;
    }

    /** Probability of the i-th legal action. */
    double probability(int i) {
        return exponential[i] / sum;
    }

    /** The legal action with the largest logit, the first of equals; 0 where none is legal. */
    int best() {
        return best;
    }

    /** Position of an action among the legal ones, or -1. */
    int find(int action) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            if (index[middle] < action) {
                low = middle + 1;
            } else if (index[middle] > action) {
                high = middle - 1;
            } else {
                return middle;
            }
        }
        return -1;
    }

    /** Position where the cumulative distribution exceeds {@code uniform}. */
    int invert(double uniform) {
        double target = uniform * sum;
        double cumulative = 0;
        int last = 0;
        for (int i = 0; i < count; i++) {
            if (exponential[i] > 0) {
                cumulative += exponential[i];
                last = i;
                if (cumulative > target) {
                    return i;
                }
            }
        }
        return last;
    }

    /** Entropy over the legal actions. */
    double entropy() {
        if (count == 0) {
            return 0;
        }
        double weighted = 0;
        for (int i = 0; i < count; i++) {
            if (exponential[i] > 0) {
                weighted += (double) exponential[i] * shifted[i];
            }
        }
        return logSum - weighted / sum;
    }

    /**
     * Adds {@code gLogp * d logp(action) / d logits + gEntropy * d entropy / d logits} to the legal entries of a row.
     */
    void addGradient(int action, double gLogp, double gEntropy, double entropy, float[] dLogits, int start) {
        for (int i = 0; i < count; i++) {
            double p = probability(i);
            double gradient = -gLogp * p;
            if (gEntropy != 0 && p > 0) {
                gradient -= gEntropy * p * (logProbability(i) + entropy);
            }
            if (index[i] == action) {
                gradient += gLogp;
            }
            dLogits[start + index[i]] += (float) gradient;
        }
    }
}
