package keisei.golden;

import static keisei.golden.Workbench.read;

import keisei.device.Slice;
import keisei.tensor.HostTransfer;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/** The golden cases of masked policies, run on tapes. */
final class TapePolicy {
    private final Workbench bench;
    private final GoldenCase golden;

    TapePolicy(Workbench bench, GoldenCase golden) {
        this.bench = bench;
        this.golden = golden;
    }

    void logSoftmax() {
        Npy input = golden.input("logits");
        Tape tape = bench.tape();
        Tensor logits = tape.realVariable(input.extent(0), input.extent(1));
        Tensor y = tape.maskedLogSoftmax(logits, mask());
        tape.seed(y);
        tape.finish().prepareBackward();
        HostTransfer.write(logits.value(), input.values());
        HostTransfer.write(y.gradient(), golden.input("d_logp").values());
        tape.forward();
        tape.backward();
        golden.compare("out.logp", read(y.value()));
        golden.compare("grad.logits", read(logits.gradient()));
    }

    void logProbabilityOfAction() {
        Npy input = golden.input("logits");
        double[] given = golden.input("action").values();
        int[] actions = new int[given.length];
        for (int i = 0; i < actions.length; i++) {
            actions[i] = (int) given[i];
        }
        Tape tape = bench.tape();
        Tensor logits = tape.realVariable(input.extent(0), input.extent(1));
        Tape.Evaluation evaluation = tape.evaluateActions(logits, mask(), bench.ints(actions));
        tape.seed(evaluation.logProbability());
        tape.finish().prepareBackward();
        HostTransfer.write(logits.value(), input.values());
        HostTransfer.write(
                evaluation.logProbability().gradient(), golden.input("d_logp").values());
        tape.forward();
        tape.backward();
        golden.compare("out.logp", read(evaluation.logProbability().value()));
        golden.compare("grad.logits", read(logits.gradient()));
    }

    void entropy() {
        Npy input = golden.input("logits");
        int batch = input.extent(0);
        int actions = input.extent(1);
        double[] mask = golden.input("mask").values();
        int[] anyLegal = new int[batch];
        for (int n = 0; n < batch; n++) {
            while (mask[n * actions + anyLegal[n]] == 0) {
                anyLegal[n]++;
            }
        }
        Tape tape = bench.tape();
        Tensor logits = tape.realVariable(batch, actions);
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
        golden.compare("out.entropy", entropies);
        golden.compare("out.mean", new double[] {sum / batch});
        golden.compare("grad.logits", read(logits.gradient()));
    }

    private Slice mask() {
        Npy mask = golden.input("mask");
        return bench.ints(Layout.maskWords(mask.values(), mask.extent(0), mask.extent(1)));
    }
}
