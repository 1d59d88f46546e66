package keisei.device.reference;

import keisei.device.PolicyKernels;
import keisei.device.Slice;

final class ReferencePolicy implements PolicyKernels {
    private final ReferenceDevice device;

    ReferencePolicy(ReferenceDevice device) {
        this.device = device;
    }

    /** Words of a mask's row. */
    static int maskWords(int actions) {
        return (actions + 31) / 32;
    }

    static boolean isLegal(Operand mask, int actions, int row, int action) {
        int word = mask.getInt(row * maskWords(actions) + action / 32);
        return ((word >>> (action % 32)) & 1) != 0;
    }

    /** Log-probabilities of one row; negative infinity for illegal actions, also where none is legal. */
    static double[] logProbabilities(Operand logits, Operand mask, int actions, int row) {
        double[] result = new double[actions];
        double max = Double.NEGATIVE_INFINITY;
        for (int a = 0; a < actions; a++) {
            if (isLegal(mask, actions, row, a)) {
                max = Math.max(max, logits.get(row * actions + a));
            }
        }
        double sum = 0;
        for (int a = 0; a < actions; a++) {
            if (isLegal(mask, actions, row, a)) {
                sum += Math.exp(logits.get(row * actions + a) - max);
            }
        }
        for (int a = 0; a < actions; a++) {
            result[a] = isLegal(mask, actions, row, a)
                    ? logits.get(row * actions + a) - max - Math.log(sum)
                    : Double.NEGATIVE_INFINITY;
        }
        return result;
    }

    /** Entropy of one row; 0 log 0 = 0. */
    static double entropy(double[] logProbabilities) {
        double sum = 0;
        for (double logProbability : logProbabilities) {
            double p = Math.exp(logProbability);
            sum -= p > 0 ? p * logProbability : 0;
        }
        return sum;
    }

    /** Whether a row of log-probabilities has a legal action. */
    static boolean hasLegal(double[] logProbabilities) {
        for (double logProbability : logProbabilities) {
            if (logProbability != Double.NEGATIVE_INFINITY) {
                return true;
            }
        }
        return false;
    }

    /** Gradient, with respect to one row of logits, of {@code dLogProbability * logp(action) + dEntropy * entropy}. */
    static double[] gradient(double[] logProbabilities, int action, double dLogProbability, double dEntropy) {
        double[] result = new double[logProbabilities.length];
        double entropy = entropy(logProbabilities);
        for (int a = 0; a < result.length; a++) {
            if (logProbabilities[a] != Double.NEGATIVE_INFINITY) {
                double p = Math.exp(logProbabilities[a]);
                result[a] =
                        dLogProbability * ((a == action ? 1 : 0) - p) - dEntropy * p * (logProbabilities[a] + entropy);
            }
        }
        return result;
    }

    static int checkedAction(Operand action, int row, int actions) {
        int index = action.getInt(row);
        if (index < 0 || index >= actions) {
            throw new IllegalArgumentException(
                    "action %d of row %d must lie in [0, %d)".formatted(index, row, actions));
        }
        return index;
    }

    private Operand logits(Slice slice, int batch, int actions) {
        return device.real(slice, (long) batch * actions, "logits");
    }

    private Operand mask(Slice slice, int batch, int actions) {
        return device.integers(slice, (long) batch * maskWords(actions), "mask");
    }

    @Override
    public void logSoftmax(int batch, int actions, Slice logits, Slice mask, Slice out) {
        Operand scores = logits(logits, batch, actions);
        Operand legal = mask(mask, batch, actions);
        Operand result = device.real(out, (long) batch * actions, "out");
        for (int n = 0; n < batch; n++) {
            double[] row = logProbabilities(scores, legal, actions, n);
            for (int a = 0; a < actions; a++) {
                result.set(n * actions + a, row[a]);
            }
        }
    }

    @Override
    public void logSoftmaxBackward(
            int batch, int actions, Slice out, Slice mask, Slice dOut, Slice dLogits, boolean accumulate) {
        Operand logProbabilities = device.real(out, (long) batch * actions, "out");
        Operand legal = mask(mask, batch, actions);
        Operand upstream = device.real(dOut, (long) batch * actions, "dOut");
        Operand gradient = device.real(dLogits, (long) batch * actions, "dLogits");
        for (int n = 0; n < batch; n++) {
            double sum = 0;
            for (int a = 0; a < actions; a++) {
                if (isLegal(legal, actions, n, a)) {
                    sum += upstream.get(n * actions + a);
                }
            }
            for (int a = 0; a < actions; a++) {
                int i = n * actions + a;
                boolean counts = isLegal(legal, actions, n, a);
                gradient.put(i, counts ? upstream.get(i) - Math.exp(logProbabilities.get(i)) * sum : 0, accumulate);
            }
        }
    }

    @Override
    public void sample(
            int batch, int actions, Slice logits, Slice mask, Slice uniforms, Slice action, Slice logProbability) {
        Operand scores = logits(logits, batch, actions);
        Operand legal = mask(mask, batch, actions);
        Operand randoms = device.real(uniforms, batch, "uniforms");
        Operand chosen = device.integers(action, batch, "action");
        Operand chosenLogProbability = device.real(logProbability, batch, "logProbability");
        for (int n = 0; n < batch; n++) {
            double[] row = logProbabilities(scores, legal, actions, n);
            int pick = 0;
            double cumulative = 0;
            for (int a = 0; a < actions; a++) {
                double p = Math.exp(row[a]);
                if (p > 0) {
                    pick = a; // rounding may leave the total just under the random number: the last one stays
                    cumulative += p;
                    if (cumulative > randoms.get(n)) {
                        break;
                    }
                }
            }
            chosen.set(n, pick);
            chosenLogProbability.set(n, hasLegal(row) ? row[pick] : 0);
        }
    }

    @Override
    public void greedy(int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability) {
        Operand scores = logits(logits, batch, actions);
        Operand legal = mask(mask, batch, actions);
        Operand chosen = device.integers(action, batch, "action");
        Operand chosenLogProbability = device.real(logProbability, batch, "logProbability");
        for (int n = 0; n < batch; n++) {
            int best = -1;
            for (int a = 0; a < actions; a++) {
                if (isLegal(legal, actions, n, a)
                        && (best < 0 || scores.get(n * actions + a) > scores.get(n * actions + best))) {
                    best = a;
                }
            }
            chosen.set(n, Math.max(best, 0));
            chosenLogProbability.set(n, best < 0 ? 0 : logProbabilities(scores, legal, actions, n)[best]);
        }
    }

    @Override
    public void evaluate(
            int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability, Slice entropy) {
        Operand scores = logits(logits, batch, actions);
        Operand legal = mask(mask, batch, actions);
        Operand given = device.integers(action, batch, "action");
        Operand logProbabilities = device.real(logProbability, batch, "logProbability");
        Operand entropies = device.real(entropy, batch, "entropy");
        for (int n = 0; n < batch; n++) {
            double[] row = logProbabilities(scores, legal, actions, n);
            logProbabilities.set(n, hasLegal(row) ? row[checkedAction(given, n, actions)] : 0);
            entropies.set(n, entropy(row));
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
        Operand scores = logits(logits, batch, actions);
        Operand legal = mask(mask, batch, actions);
        Operand given = device.integers(action, batch, "action");
        Operand upstreamLogProbability = device.real(dLogProbability, batch, "dLogProbability");
        Operand upstreamEntropy = device.real(dEntropy, batch, "dEntropy");
        Operand result = device.real(dLogits, (long) batch * actions, "dLogits");
        for (int n = 0; n < batch; n++) {
            double[] row = logProbabilities(scores, legal, actions, n);
            int taken = hasLegal(row) ? checkedAction(given, n, actions) : 0;
            double[] gradient = gradient(row, taken, upstreamLogProbability.get(n), upstreamEntropy.get(n));
            for (int a = 0; a < actions; a++) {
                result.put(n * actions + a, gradient[a], accumulate);
            }
        }
    }
}
