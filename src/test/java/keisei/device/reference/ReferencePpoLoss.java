package keisei.device.reference;

import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ReferencePpoLoss implements PpoLossKernels {
    private final Operands operands;

    ReferencePpoLoss(Operands operands) {
        this.operands = operands;
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
            @Nullable Slice lossScale,
            Slice dLogits,
            Slice dValue,
            Slice metrics) {
        Reals in = operands.reals("logits", logits, (long) batch * actions);
        int[] words = operands.ints("mask", mask, ReferencePolicy.maskLength(batch, actions));
        int[] given = operands.ints("action", action, batch);
        Reals oldLogP = operands.reals("oldLogProbability", oldLogProbability, batch);
        Reals advantages = operands.reals("advantage", advantage, batch);
        Reals values = operands.reals("value", value, batch);
        Reals oldValues = operands.reals("oldValue", oldValue, batch);
        Reals targets = operands.reals("returns", returns, batch);
        Reals logitGradient = operands.reals("dLogits", dLogits, (long) batch * actions);
        Reals valueGradient = operands.reals("dValue", dValue, batch);
        Reals sums = operands.reals("metrics", metrics, METRICS);
        double clip = settings.clipRange();
        double scale = lossScale == null
                ? 1
                : operands.reals("lossScale", lossScale, 1).get(0);
        for (int n = 0; n < batch; n++) {
            MaskedSoftmax row = new MaskedSoftmax(n, actions, in, words, mask);
            int chosen = given[action.offset() + n];
            double logP = row.any() ? row.logProbability(chosen) : 0;
            double logRatio = logP - oldLogP.get(n);
            double ratio = Math.exp(logRatio);
            double a = advantages.get(n);
            double plain = ratio * a;
            double clipped = settings.clipPolicyLoss() ? Math.clamp(ratio, 1 - clip, 1 + clip) * a : plain;
            // Where the clipped branch is the smaller one, it is constant.
            double dLogP = plain <= clipped ? -plain * scale / batch : 0;
            double dEntropy = -settings.entropyCoefficient() * scale / batch;
            for (int i = 0; i < actions; i++) {
                logitGradient.set(n * actions + i, row.legal(i) ? row.gradient(i, chosen, dLogP, dEntropy) : 0);
            }

            double error = values.get(n) - targets.get(n);
            double squared = error * error;
            double slope = 2 * error;
            if (settings.clipValueLoss()) {
                double move = values.get(n) - oldValues.get(n);
                double clippedError = oldValues.get(n) + Math.clamp(move, -clip, clip) - targets.get(n);
                if (clippedError * clippedError > squared) {
                    squared = clippedError * clippedError;
                    slope = Math.abs(move) < clip ? 2 * clippedError : 0;
                }
            }
            valueGradient.set(n, settings.valueCoefficient() * slope * scale / batch);

            sums.add(POLICY_LOSS, -Math.min(plain, clipped));
            sums.add(VALUE_LOSS, squared);
            sums.add(ENTROPY, row.entropy());
            sums.add(KL_PLAIN, -logRatio);
            sums.add(KL_LOW_VARIANCE, (ratio - 1) - logRatio);
            sums.add(CLIPPED, Math.abs(ratio - 1) > clip ? 1 : 0);
            sums.add(ROWS, 1);
            sums.set(MAX_RATIO_DEVIATION, Math.max(sums.get(MAX_RATIO_DEVIATION), Math.abs(ratio - 1)));
        }
    }
}
