package keisei.tensor;

import java.util.List;
import keisei.device.Device;
import keisei.device.Slice;

final class EvaluationOperation extends Operation {
    private final Device device;
    private final Tensor logits;
    private final Slice mask;
    private final Slice action;
    private final Tensor logProbability;
    private final Tensor entropy;

    EvaluationOperation(Device device, Tensor logits, Slice mask, Slice action, Tensor logProbability, Tensor entropy) {
        super(List.of(logits), List.of(logProbability, entropy));
        this.device = device;
        this.logits = logits;
        this.mask = mask;
        this.action = action;
        this.logProbability = logProbability;
        this.entropy = entropy;
    }

    @Override
    void forward() {
        device.policy()
                .evaluate(
                        logits.size(0),
                        logits.size(1),
                        logits.value(),
                        mask,
                        action,
                        logProbability.value(),
                        entropy.value());
    }

    @Override
    void backward() {
        device.policy()
                .evaluateBackward(
                        logits.size(0),
                        logits.size(1),
                        logits.value(),
                        mask,
                        action,
                        logProbability.gradient(),
                        entropy.gradient(),
                        logits.gradient(),
                        accumulate(0));
    }
}
