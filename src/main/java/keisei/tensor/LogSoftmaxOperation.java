package keisei.tensor;

import java.util.List;
import keisei.device.Device;
import keisei.device.Slice;

final class LogSoftmaxOperation extends Operation {
    private final Device device;
    private final Tensor logits;
    private final Slice mask;
    private final Tensor y;

    LogSoftmaxOperation(Device device, Tensor logits, Slice mask, Tensor y) {
        super(List.of(logits), List.of(y));
        this.device = device;
        this.logits = logits;
        this.mask = mask;
        this.y = y;
    }

    @Override
    void forward() {
        device.policy().logSoftmax(logits.size(0), logits.size(1), logits.value(), mask, y.value());
    }

    @Override
    void backward() {
        device.policy()
                .logSoftmaxBackward(
                        logits.size(0),
                        logits.size(1),
                        y.value(),
                        mask,
                        y.gradient(),
                        logits.gradient(),
                        accumulate(0));
    }
}
