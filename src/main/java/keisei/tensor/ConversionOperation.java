package keisei.tensor;

import java.util.List;
import keisei.device.Device;

/** An activation in the device's real type, and its gradient back in the activation type. */
final class ConversionOperation extends Operation {
    private final Device device;
    private final Tensor x;
    private final Tensor y;

    ConversionOperation(Device device, Tensor x, Tensor y) {
        super(List.of(x), List.of(y));
        this.device = device;
        this.x = x;
        this.y = y;
    }

    @Override
    void forward() {
        device.elementwise().copy(x.value(), y.value());
    }

    @Override
    void backward() {
        if (accumulate(0)) {
            throw new IllegalStateException("the converted tensor %s is used twice".formatted(x.shape()));
        }
        device.elementwise().copy(y.gradient(), x.gradient());
    }
}
