package keisei.nn;

import keisei.device.Slice;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/** A recorded pass of the tower. The gradients' memory comes with the first use of a gradient. */
final class TowerPass implements TrainingPass {
    private final int batch;
    private final Tape tape;
    private final Tensor planes;
    private final Tensor logits;
    private final Tensor value;
    private final Runnable afterForward;

    TowerPass(int batch, Tape tape, Tensor planes, Tensor logits, Tensor value, Runnable afterForward) {
        this.batch = batch;
        this.tape = tape;
        this.planes = planes;
        this.logits = logits;
        this.value = value;
        this.afterForward = afterForward;
    }

    @Override
    public int batch() {
        return batch;
    }

    @Override
    public Slice planes() {
        return planes.value();
    }

    @Override
    public Slice logits() {
        return logits.value();
    }

    @Override
    public Slice value() {
        return value.value();
    }

    @Override
    public Slice dLogits() {
        tape.prepareBackward();
        return logits.gradient();
    }

    @Override
    public Slice dValue() {
        tape.prepareBackward();
        return value.gradient();
    }

    @Override
    public void forward() {
        tape.forward();
        afterForward.run();
    }

    @Override
    public void backward() {
        tape.backward();
    }
}
