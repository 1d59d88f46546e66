package keisei.tensor;

import java.util.List;

/**
 * One recorded step of a {@link Tape}. The tape decides before the first run, for each input, whether its gradient is
 * written or added to.
 */
abstract class Operation {
    private final List<Tensor> inputs;
    private final List<Tensor> outputs;
    private final boolean[] accumulate;

    /**
     * @param inputs activations and leaves that are read; parameters, whose gradients always accumulate, are not named
     * @param outputs what is computed
     */
    Operation(List<Tensor> inputs, List<Tensor> outputs) {
        this.inputs = inputs;
        this.outputs = outputs;
        this.accumulate = new boolean[inputs.size()];
    }

    final List<Tensor> inputs() {
        return inputs;
    }

    final List<Tensor> outputs() {
        return outputs;
    }

    final void setAccumulate(int input, boolean add) {
        accumulate[input] = add;
    }

    /** Whether the gradient of an input is added to. */
    final boolean accumulate(int input) {
        return accumulate[input];
    }

    abstract void forward();

    /** From the outputs' gradients to those of the inputs that need one, and of the parameters. */
    abstract void backward();
}
