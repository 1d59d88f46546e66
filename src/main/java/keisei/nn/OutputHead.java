package keisei.nn;

import keisei.device.Slice;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/** What turns the trunk {@code [N, S, S, W]} into logits or values. */
interface OutputHead extends NetworkModule {
    /** Records the head on a tape; the result has as many elements a position as the head has outputs. */
    Tensor record(Tape tape, Tensor trunk);

    /** Runs the head on the trunk in {@code memory}, which it leaves as it is. */
    void infer(int batch, InferenceMemory memory, Slice out);

    /** Says that running statistics were written. */
    void statisticsChanged();
}
