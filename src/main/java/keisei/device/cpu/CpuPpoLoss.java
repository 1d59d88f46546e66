package keisei.device.cpu;

import java.util.Arrays;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** The PPO loss: rows in parallel, then the metrics summed in float64 in the order of the rows. */
final class CpuPpoLoss implements PpoLossKernels {
    private static final int ROWS_PER_TASK = 4;

    private final Operands operands;
    private final Workers workers;
    private final MaskedRow[] scratch;
    private final Task rows = this::rows;
    private double[] rowMetrics = {};

    // The operation in progress.
    private int batch;
    private int actions;
    private PpoLossSettings settings = new PpoLossSettings(0, 0, 0, false);
    private float[] logits = Operands.NONE;
    private int logitsOffset;
    private int[] mask = {};
    private int maskOffset;
    private int[] action = {};
    private int actionOffset;
    private float[] oldLogProbability = Operands.NONE;
    private int oldLogProbabilityOffset;
    private float[] advantage = Operands.NONE;
    private int advantageOffset;
    private float[] value = Operands.NONE;
    private int valueOffset;
    private float[] oldValue = Operands.NONE;
    private int oldValueOffset;
    private float[] returns = Operands.NONE;
    private int returnsOffset;
    private float[] dLogits = Operands.NONE;
    private int dLogitsOffset;
    private float[] dValue = Operands.NONE;
    private int dValueOffset;
    private double scale;

    CpuPpoLoss(CpuDevice device, Workers workers) {
        operands = device.operands();
        this.workers = workers;
        scratch = new MaskedRow[workers.threads()];
        Arrays.setAll(scratch, i -> new MaskedRow());
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
        Operands.requireNotNegative("batch", batch);
        Operands.requirePositive("actions", actions);
        this.batch = batch;
        this.actions = actions;
        this.settings = settings;
        this.logits = operands.floats("logits", logits, (long) batch * actions);
        logitsOffset = logits.offset();
        this.mask = operands.ints("mask", mask, (long) batch * MaskedRow.words(actions));
        maskOffset = mask.offset();
        this.action = operands.ints("action", action, batch);
        actionOffset = action.offset();
        this.oldLogProbability = operands.floats("oldLogProbability", oldLogProbability, batch);
        oldLogProbabilityOffset = oldLogProbability.offset();
        this.advantage = operands.floats("advantage", advantage, batch);
        advantageOffset = advantage.offset();
        this.value = operands.floats("value", value, batch);
        valueOffset = value.offset();
        this.oldValue = operands.floats("oldValue", oldValue, batch);
        oldValueOffset = oldValue.offset();
        this.returns = operands.floats("returns", returns, batch);
        returnsOffset = returns.offset();
        this.dLogits = operands.floats("dLogits", dLogits, (long) batch * actions);
        dLogitsOffset = dLogits.offset();
        this.dValue = operands.floats("dValue", dValue, batch);
        dValueOffset = dValue.offset();
        scale = lossScale == null ? 1 : operands.floats("lossScale", lossScale, 1)[lossScale.offset()];
        float[] sums = operands.floats("metrics", metrics, METRICS);
        if (rowMetrics.length < batch * METRICS) {
            rowMetrics = new double[batch * METRICS];
        }
        workers.run(rows, (batch + ROWS_PER_TASK - 1) / ROWS_PER_TASK);
        for (int metric = 0; metric < METRICS; metric++) {
            int at = metrics.offset() + metric;
            double total = sums[at];
            for (int row = 0; row < batch; row++) {
                double term = rowMetrics[row * METRICS + metric];
                total = metric == MAX_RATIO_DEVIATION ? Math.max(total, term) : total + term;
            }
            sums[at] = (float) total;
        }
    }

    private void rows(int chunk, int worker) {
        int to = Math.min(batch, (chunk + 1) * ROWS_PER_TASK);
        for (int row = chunk * ROWS_PER_TASK; row < to; row++) {
            policy(row, scratch[worker]);
            value(row);
            rowMetrics[row * METRICS + ROWS] = 1;
        }
    }

    private void policy(int row, MaskedRow own) {
        own.load(logits, logitsOffset + row * actions, mask, maskOffset + row * MaskedRow.words(actions), actions);
        int chosen = action[actionOffset + row];
        int found = own.find(chosen);
        double illegal = own.count() == 0 ? 0 : Double.NEGATIVE_INFINITY;
        double logp = found < 0 ? illegal : own.logProbability(found);
        double entropy = own.entropy();
        double logRatio = logp - oldLogProbability[oldLogProbabilityOffset + row];
        double ratio = Math.exp(logRatio);
        double range = settings.clipRange();
        double a = advantage[advantageOffset + row];
        double plain = ratio * a;
        double clipped = settings.clipPolicyLoss() ? Math.clamp(ratio, 1 - range, 1 + range) * a : plain;
        // Where the clipped term is the smaller one it is constant; where both are equal they are the same function.
        double gLogp = clipped < plain ? 0 : -plain * scale / batch;
        int start = dLogitsOffset + row * actions;
        Arrays.fill(dLogits, start, start + actions, 0f);
        own.addGradient(chosen, gLogp, -settings.entropyCoefficient() * scale / batch, entropy, dLogits, start);
        int m = row * METRICS;
        double deviation = Math.abs(ratio - 1);
        rowMetrics[m + POLICY_LOSS] = -Math.min(plain, clipped);
        rowMetrics[m + ENTROPY] = entropy;
        rowMetrics[m + KL_PLAIN] = -logRatio;
        rowMetrics[m + KL_LOW_VARIANCE] = Math.expm1(logRatio) - logRatio;
        rowMetrics[m + CLIPPED] = deviation > range ? 1 : 0;
        rowMetrics[m + MAX_RATIO_DEVIATION] = deviation;
    }

    private void value(int row) {
        double v = value[valueOffset + row];
        double target = returns[returnsOffset + row];
        double error = v - target;
        double loss = error * error;
        double gradient = 2 * error;
        if (settings.clipValueLoss()) {
            double range = settings.clipRange();
            double old = oldValue[oldValueOffset + row];
            double moved = v - old;
            double clippedError = old + Math.clamp(moved, -range, range) - target;
            double clippedLoss = clippedError * clippedError;
            boolean inside = Math.abs(moved) <= range;
            if (!inside && clippedLoss >= loss) {
                // Outside the range the clipped branch is constant; equal branches share the gradient.
                gradient = clippedLoss == loss ? error : 0;
                loss = clippedLoss;
            }
        }
        dValue[dValueOffset + row] = (float) (settings.valueCoefficient() * gradient * scale / batch);
        rowMetrics[row * METRICS + VALUE_LOSS] = loss;
    }
}
