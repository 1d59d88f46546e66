package keisei.device.cpu;

import java.util.Arrays;
import keisei.device.PolicyKernels;
import keisei.device.Slice;

/** Categorical policies: some rows a task. The log-probability of an illegal action is negative infinity. */
final class CpuPolicy implements PolicyKernels {
    private static final int ROWS_PER_TASK = 4;

    private final Operands operands;
    private final Workers workers;
    private final MaskedRow[] scratch;
    private final Task logSoftmaxRows = this::logSoftmaxRows;
    private final Task logSoftmaxBackwardRows = this::logSoftmaxBackwardRows;
    private final Task sampleRows = this::sampleRows;
    private final Task greedyRows = this::greedyRows;
    private final Task evaluateRows = this::evaluateRows;
    private final Task evaluateBackwardRows = this::evaluateBackwardRows;

    // The operation in progress.
    private int batch;
    private int actions;
    private float[] logits = Operands.NONE;
    private int logitsOffset;
    private int[] mask = {};
    private int maskOffset;
    private int[] action = {};
    private int actionOffset;
    private float[] first = Operands.NONE;
    private int firstOffset;
    private float[] second = Operands.NONE;
    private int secondOffset;
    private float[] dLogits = Operands.NONE;
    private int dLogitsOffset;
    private boolean accumulate;

    CpuPolicy(CpuDevice device, Workers workers) {
        operands = device.operands();
        this.workers = workers;
        scratch = new MaskedRow[workers.threads()];
        Arrays.setAll(scratch, i -> new MaskedRow());
    }

    private void input(int batch, int actions, String name, Slice logits, Slice mask) {
        Operands.requireNotNegative("batch", batch);
        Operands.requirePositive("actions", actions);
        this.batch = batch;
        this.actions = actions;
        this.logits = operands.floats(name, logits, (long) batch * actions);
        logitsOffset = logits.offset();
        this.mask = operands.ints("mask", mask, (long) batch * MaskedRow.words(actions));
        maskOffset = mask.offset();
    }

    private void first(String name, Slice slice, long needed) {
        first = operands.floats(name, slice, needed);
        firstOffset = slice.offset();
    }

    private void second(String name, Slice slice, long needed) {
        second = operands.floats(name, slice, needed);
        secondOffset = slice.offset();
    }

    private void action(Slice slice) {
        action = operands.ints("action", slice, batch);
        actionOffset = slice.offset();
    }

    private void gradient(Slice slice, boolean accumulate) {
        dLogits = operands.floats("dLogits", slice, (long) batch * actions);
        dLogitsOffset = slice.offset();
        this.accumulate = accumulate;
    }

    private void run(Task task) {
        workers.run(task, (batch + ROWS_PER_TASK - 1) / ROWS_PER_TASK);
    }

    private int end(int chunk) {
        return Math.min(batch, (chunk + 1) * ROWS_PER_TASK);
    }

    private MaskedRow load(int row, int worker) {
        MaskedRow own = scratch[worker];
        own.load(logits, logitsOffset + row * actions, mask, maskOffset + row * MaskedRow.words(actions), actions);
        return own;
    }

    @Override
    public void logSoftmax(int batch, int actions, Slice logits, Slice mask, Slice out) {
        input(batch, actions, "logits", logits, mask);
        first("out", out, (long) batch * actions);
        run(logSoftmaxRows);
    }

    private void logSoftmaxRows(int chunk, int worker) {
        for (int row = chunk * ROWS_PER_TASK; row < end(chunk); row++) {
            MaskedRow own = load(row, worker);
            int start = firstOffset + row * actions;
            Arrays.fill(first, start, start + actions, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < own.count(); i++) {
                first[start + own.action(i)] = (float) own.logProbability(i);
            }
        }
    }

    @Override
    public void logSoftmaxBackward(
            int batch, int actions, Slice out, Slice mask, Slice dOut, Slice dLogits, boolean accumulate) {
        input(batch, actions, "out", out, mask);
        first("dOut", dOut, (long) batch * actions);
        gradient(dLogits, accumulate);
        run(logSoftmaxBackwardRows);
    }

    private void logSoftmaxBackwardRows(int chunk, int worker) {
        for (int row = chunk * ROWS_PER_TASK; row < end(chunk); row++) {
            // The row's "logits" are log-probabilities, of which the softmax is the distribution again.
            MaskedRow own = load(row, worker);
            int from = firstOffset + row * actions;
            int to = dLogitsOffset + row * actions;
            if (!accumulate) {
                Arrays.fill(dLogits, to, to + actions, 0f);
            }
            double total = 0;
            for (int i = 0; i < own.count(); i++) {
                total += first[from + own.action(i)];
            }
            for (int i = 0; i < own.count(); i++) {
                int at = own.action(i);
                dLogits[to + at] += (float) (first[from + at] - own.probability(i) * total);
            }
        }
    }

    @Override
    public void sample(
            int batch, int actions, Slice logits, Slice mask, Slice uniforms, Slice action, Slice logProbability) {
        input(batch, actions, "logits", logits, mask);
        first("logProbability", logProbability, batch);
        second("uniforms", uniforms, batch);
        action(action);
        run(sampleRows);
    }

    private void sampleRows(int chunk, int worker) {
        for (int row = chunk * ROWS_PER_TASK; row < end(chunk); row++) {
            MaskedRow own = load(row, worker);
            if (own.count() == 0) {
                action[actionOffset + row] = 0;
                first[firstOffset + row] = 0;
            } else {
                int i = own.invert(second[secondOffset + row]);
                action[actionOffset + row] = own.action(i);
                first[firstOffset + row] = (float) own.logProbability(i);
            }
        }
    }

    @Override
    public void greedy(int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability) {
        input(batch, actions, "logits", logits, mask);
        first("logProbability", logProbability, batch);
        action(action);
        run(greedyRows);
    }

    private void greedyRows(int chunk, int worker) {
        for (int row = chunk * ROWS_PER_TASK; row < end(chunk); row++) {
            MaskedRow own = load(row, worker);
            action[actionOffset + row] = own.best();
            first[firstOffset + row] = own.count() == 0 ? 0 : (float) own.logProbability(own.find(own.best()));
        }
    }

    @Override
    public void evaluate(
            int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability, Slice entropy) {
        input(batch, actions, "logits", logits, mask);
        first("logProbability", logProbability, batch);
        second("entropy", entropy, batch);
        action(action);
        run(evaluateRows);
    }

    private void evaluateRows(int chunk, int worker) {
        for (int row = chunk * ROWS_PER_TASK; row < end(chunk); row++) {
            MaskedRow own = load(row, worker);
            int i = own.find(action[actionOffset + row]);
            float illegal = own.count() == 0 ? 0 : Float.NEGATIVE_INFINITY;
            first[firstOffset + row] = i < 0 ? illegal : (float) own.logProbability(i);
            second[secondOffset + row] = (float) own.entropy();
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
        input(batch, actions, "logits", logits, mask);
        action(action);
        first("dLogProbability", dLogProbability, batch);
        second("dEntropy", dEntropy, batch);
        gradient(dLogits, accumulate);
        run(evaluateBackwardRows);
    }

    private void evaluateBackwardRows(int chunk, int worker) {
        for (int row = chunk * ROWS_PER_TASK; row < end(chunk); row++) {
            MaskedRow own = load(row, worker);
            int to = dLogitsOffset + row * actions;
            if (!accumulate) {
                Arrays.fill(dLogits, to, to + actions, 0f);
            }
            float gLogp = first[firstOffset + row];
            float gEntropy = second[secondOffset + row];
            own.addGradient(action[actionOffset + row], gLogp, gEntropy, own.entropy(), dLogits, to);
        }
    }
}
