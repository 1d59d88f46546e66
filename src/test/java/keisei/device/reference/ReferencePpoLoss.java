package keisei.device.reference;

import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;

final class ReferencePpoLoss implements PpoLossKernels {
    private final ReferenceDevice device;

    ReferencePpoLoss(ReferenceDevice device) {
        this.device = device;
    }

    private static double clamp(double x, double low, double high) {
        return Math.max(low, Math.min(high, x));
    }

    @Override
    public void lossAndGradient(
            int batch,
            int actions,
            PpoLossSettings settings,
            Slice logits,
            Slice mask,
            Slice action,
            Slice oldLogProbability,
            Slice advantage,
            Slice value,
            Slice oldValue,
            Slice returns,
            Slice dLogits,
            Slice dValue,
            Slice metrics) {
        double clip = settings.clipRange();
        Operand scores = device.real(logits, (long) batch * actions, "logits");
        Operand legal = device.integers(mask, (long) batch * ReferencePolicy.maskWords(actions), "mask");
        Operand taken = device.integers(action, batch, "action");
        Operand oldLogProbabilities = device.real(oldLogProbability, batch, "oldLogProbability");
        Operand advantages = device.real(advantage, batch, "advantage");
        Operand values = device.real(value, batch, "value");
        Operand oldValues = device.real(oldValue, batch, "oldValue");
        Operand targets = device.real(returns, batch, "returns");
        Operand logitGradient = device.real(dLogits, (long) batch * actions, "dLogits");
        Operand valueGradient = device.real(dValue, batch, "dValue");
        Operand sums = device.real(metrics, METRICS, "metrics");
        for (int n = 0; n < batch; n++) {
            double[] row = ReferencePolicy.logProbabilities(scores, legal, actions, n);
            boolean playable = ReferencePolicy.hasLegal(row);
            int index = playable ? ReferencePolicy.checkedAction(taken, n, actions) : 0;
            double logRatio = (playable ? row[index] : 0) - oldLogProbabilities.get(n);
            double ratio = Math.exp(logRatio);
            double plain = ratio * advantages.get(n);
            double clipped = clamp(ratio, 1 - clip, 1 + clip) * advantages.get(n);
            // Where the clipped term is smaller the ratio lies outside the range: its gradient is 0. Equal terms
            // are the same function, or a zero advantage.
            double dLogProbability = clipped < plain ? 0 : -plain / batch;
            double[] gradient =
                    ReferencePolicy.gradient(row, index, dLogProbability, -settings.entropyCoefficient() / batch);
            for (int a = 0; a < actions; a++) {
                logitGradient.set(n * actions + a, gradient[a]);
            }

            double error = values.get(n) - targets.get(n);
            double valueTerm = error * error;
            double valueSlope = 2 * error;
            if (settings.clipValueLoss()) {
                double step = values.get(n) - oldValues.get(n);
                double clippedError = oldValues.get(n) + clamp(step, -clip, clip) - targets.get(n);
                if (clippedError * clippedError > valueTerm) {
                    valueTerm = clippedError * clippedError;
                    valueSlope = Math.abs(step) <= clip ? 2 * clippedError : 0;
                }
            }
            valueGradient.set(n, settings.valueCoefficient() * valueSlope / batch);

            sums.add(POLICY_LOSS, -Math.min(plain, clipped));
            sums.add(VALUE_LOSS, valueTerm);
            sums.add(ENTROPY, ReferencePolicy.entropy(row));
            sums.add(KL_PLAIN, -logRatio);
            sums.add(KL_LOW_VARIANCE, (ratio - 1) - logRatio);
            sums.add(CLIPPED, Math.abs(ratio - 1) > clip ? 1 : 0);
            sums.add(ROWS, 1);
            sums.set(MAX_RATIO_DEVIATION, Math.max(sums.get(MAX_RATIO_DEVIATION), Math.abs(ratio - 1)));
        }
    }
}
