package keisei.golden;

import static keisei.golden.Workbench.read;

import java.util.Arrays;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;
import keisei.tensor.HostTransfer;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/** The golden cases of masked policies and of the PPO loss. */
final class GoldenPolicy {
    private final Workbench bench;
    private final GoldenCase golden;
    private final Comparison comparison;

    GoldenPolicy(Workbench bench, GoldenCase golden, Comparison comparison) {
        this.bench = bench;
        this.golden = golden;
        this.comparison = comparison;
    }

    void logSoftmax() {
        Npy input = golden.input("logits");
        Tape tape = bench.tape();
        Tensor logits = tape.variable(input.shape().get(0), input.shape().get(1));
        Tensor y = tape.maskedLogSoftmax(logits, mask());
        tape.seed(y);
        tape.finish().prepareBackward();
        HostTransfer.write(logits.value(), input.values());
        HostTransfer.write(y.gradient(), golden.input("d_logp").values());
        tape.forward();
        tape.backward();
        comparison.check("out.logp.f64.npy", read(y.value()));
        comparison.check("grad.logits.f64.npy", read(logits.gradient()));
    }

    void logProbabilityOfAction() {
        Npy input = golden.input("logits");
        double[] given = golden.input("action").values();
        int[] actions = new int[given.length];
        for (int i = 0; i < actions.length; i++) {
            actions[i] = (int) given[i];
        }
        Tape tape = bench.tape();
        Tensor logits = tape.variable(input.shape().get(0), input.shape().get(1));
        Tape.Evaluation evaluation = tape.evaluateActions(logits, mask(), bench.ints(actions));
        tape.seed(evaluation.logProbability());
        tape.finish().prepareBackward();
        HostTransfer.write(logits.value(), input.values());
        HostTransfer.write(
                evaluation.logProbability().gradient(), golden.input("d_logp").values());
        tape.forward();
        tape.backward();
        comparison.check("out.logp.f64.npy", read(evaluation.logProbability().value()));
        comparison.check("grad.logits.f64.npy", read(logits.gradient()));
    }

    void entropy() {
        Npy input = golden.input("logits");
        int batch = input.shape().get(0);
        int actions = input.shape().get(1);
        double[] mask = golden.input("mask").values();
        int[] anyLegal = new int[batch];
        for (int n = 0; n < batch; n++) {
            while (mask[n * actions + anyLegal[n]] == 0) {
                anyLegal[n]++;
            }
        }
        Tape tape = bench.tape();
        Tensor logits = tape.variable(batch, actions);
        Tape.Evaluation evaluation = tape.evaluateActions(logits, mask(), bench.ints(anyLegal));
        tape.seed(evaluation.entropy());
        tape.finish().prepareBackward();
        HostTransfer.write(logits.value(), input.values());
        bench.device().elementwise().fill(evaluation.entropy().gradient(), 1.0 / batch);
        tape.forward();
        tape.backward();
        double[] entropies = read(evaluation.entropy().value());
        double sum = 0;
        for (double entropy : entropies) {
            sum += entropy;
        }
        comparison.check("out.entropy.f64.npy", entropies);
        comparison.check("out.mean.f64.npy", new double[] {sum / batch});
        comparison.check("grad.logits.f64.npy", read(logits.gradient()));
    }

    /** Two actions a row, their logits chosen so that action 0 has the given log-probability. */
    void policyLoss() {
        double[] logProbability = golden.input("logp").values();
        int rows = logProbability.length;
        double[] logits = new double[2 * rows];
        for (int n = 0; n < rows; n++) {
            logits[2 * n] = logProbability[n];
            logits[2 * n + 1] = Math.log(-Math.expm1(logProbability[n]));
        }
        Slice dLogits = bench.zeros(2 * rows);
        double[] metrics = loss(
                rows,
                2,
                logits,
                golden.input("old_logp").values(),
                golden.input("adv").values(),
                new double[rows],
                new double[rows],
                new double[rows],
                new PpoLossSettings(0.2, 0, 0, false),
                dLogits,
                bench.zeros(rows));
        double[] gradient = read(dLogits);
        double[] byLogProbability = new double[rows];
        for (int n = 0; n < rows; n++) {
            byLogProbability[n] = gradient[2 * n] / -Math.expm1(logProbability[n]);
        }
        comparison.check("out.loss.f64.npy", new double[] {metrics[PpoLossKernels.POLICY_LOSS] / rows});
        comparison.check("out.clip_fraction.f64.npy", new double[] {metrics[PpoLossKernels.CLIPPED] / rows});
        comparison.check("out.approx_kl.f64.npy", new double[] {metrics[PpoLossKernels.KL_LOW_VARIANCE] / rows});
        comparison.check("grad.logp.f64.npy", byLogProbability);
    }

    void valueLoss(boolean clipped) {
        double[] value = golden.input("v").values();
        int rows = value.length;
        Slice dValue = bench.zeros(rows);
        double[] metrics = loss(
                rows,
                1,
                new double[rows],
                new double[rows],
                new double[rows],
                value,
                clipped ? golden.input("old_v").values() : new double[rows],
                golden.input("ret").values(),
                new PpoLossSettings(0.2, 1, 0, clipped),
                bench.zeros(rows),
                dValue);
        comparison.check("out.loss.f64.npy", new double[] {metrics[PpoLossKernels.VALUE_LOSS] / rows});
        comparison.check("grad.v.f64.npy", read(dValue));
    }

    private double[] loss(
            int rows,
            int actions,
            double[] logits,
            double[] oldLogProbability,
            double[] advantage,
            double[] value,
            double[] oldValue,
            double[] returns,
            PpoLossSettings settings,
            Slice dLogits,
            Slice dValue) {
        int[] allLegal = new int[rows];
        Arrays.fill(allLegal, (1 << actions) - 1);
        Slice metrics = bench.zeros(PpoLossKernels.METRICS);
        bench.device()
                .ppoLoss()
                .lossAndGradient(
                        rows,
                        actions,
                        settings,
                        bench.reals(logits),
                        bench.ints(allLegal),
                        bench.ints(new int[rows]),
                        bench.reals(oldLogProbability),
                        bench.reals(advantage),
                        bench.reals(value),
                        bench.reals(oldValue),
                        bench.reals(returns),
                        dLogits,
                        dValue,
                        metrics);
        return read(metrics);
    }

    private Slice mask() {
        Npy mask = golden.input("mask");
        return bench.ints(Layout.maskWords(
                mask.values(), mask.shape().get(0), mask.shape().get(1)));
    }
}
