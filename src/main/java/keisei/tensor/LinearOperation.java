package keisei.tensor;

import java.util.List;
import keisei.device.Device;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class LinearOperation extends Operation {
    private final Device device;
    private final PreparedWeights prepared;
    private final int in;
    private final int out;
    private final int batch;
    private final Tensor x;
    private final Slice weightGradient;
    private final @Nullable Slice bias;
    private final @Nullable Slice biasGradient;
    private final Tensor y;

    LinearOperation(Device device, PreparedWeights prepared, Tensor x, Tensor weight, @Nullable Tensor bias, Tensor y) {
        super(List.of(x), List.of(y));
        this.device = device;
        this.prepared = prepared;
        this.in = weight.size(1);
        this.out = weight.size(0);
        this.batch = x.size(0);
        this.x = x;
        this.weightGradient = weight.gradient();
        this.bias = bias == null ? null : bias.value();
        this.biasGradient = bias == null ? null : bias.gradient();
        this.y = y;
    }

    @Override
    void forward() {
        device.linear().forward(prepared, batch, x.value(), bias, y.value());
    }

    @Override
    void backward() {
        device.linear().backwardWeights(in, out, batch, x.value(), y.gradient(), weightGradient, biasGradient);
        if (x.needsGradient()) {
            device.linear().backwardData(prepared, batch, y.gradient(), x.gradient(), accumulate(0));
        }
    }
}
