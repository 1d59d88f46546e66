package keisei.tensor;

import java.util.List;
import keisei.device.Activation;
import keisei.device.Device;

final class ActivationOperation extends Operation {
    private final Device device;
    private final Activation f;
    private final Tensor x;
    private final Tensor y;

    ActivationOperation(Device device, Activation f, Tensor x, Tensor y) {
        super(List.of(x), List.of(y));
        this.device = device;
        this.f = f;
        this.x = x;
        this.y = y;
    }

    @Override
    void forward() {
        device.elementwise().activate(f, x.value(), y.value());
    }

    @Override
    void backward() {
        device.elementwise().activateBackward(f, y.value(), y.gradient(), x.gradient(), accumulate(0));
    }
}
