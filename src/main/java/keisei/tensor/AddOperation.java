package keisei.tensor;

import java.util.List;
import keisei.device.Device;

final class AddOperation extends Operation {
    private final Device device;
    private final Tensor a;
    private final Tensor b;
    private final Tensor y;

    AddOperation(Device device, Tensor a, Tensor b, Tensor y) {
        super(List.of(a, b), List.of(y));
        this.device = device;
        this.a = a;
        this.b = b;
        this.y = y;
    }

    @Override
    void forward() {
        device.elementwise().add(a.value(), b.value(), y.value());
    }

    @Override
    void backward() {
        pass(a, accumulate(0));
        pass(b, accumulate(1));
    }

    private void pass(Tensor input, boolean add) {
        if (!input.needsGradient()) {
            return;
        }
        if (add) {
            device.elementwise().accumulate(y.gradient(), input.gradient());
        } else {
            device.elementwise().copy(y.gradient(), input.gradient());
        }
    }
}
