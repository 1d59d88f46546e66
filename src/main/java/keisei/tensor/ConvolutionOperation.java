package keisei.tensor;

import java.util.List;
import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ConvolutionOperation extends Operation {
    private final Device device;
    private final ConvolutionShape shape;
    private final PreparedWeights prepared;
    private final int batch;
    private final Tensor x;
    private final Slice weightGradient;
    private final @Nullable Slice biasGradient;
    private final Epilogue epilogue;
    private final Tensor y;

    ConvolutionOperation(
            Device device,
            ConvolutionShape shape,
            PreparedWeights prepared,
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            Tensor y) {
        super(List.of(x), List.of(y));
        this.device = device;
        this.shape = shape;
        this.prepared = prepared;
        this.batch = x.size(0);
        this.x = x;
        this.weightGradient = weight.gradient();
        this.biasGradient = bias == null ? null : bias.gradient();
        this.epilogue = bias == null ? Epilogue.NONE : Epilogue.bias(bias.value());
        this.y = y;
    }

    @Override
    void forward() {
        device.convolution().forward(prepared, batch, x.value(), epilogue, y.value());
    }

    @Override
    void backward() {
        device.convolution().backwardWeights(shape, batch, x.value(), y.gradient(), weightGradient, biasGradient);
        if (x.needsGradient()) {
            device.convolution().backwardData(prepared, batch, y.gradient(), x.gradient(), accumulate(0));
        }
    }
}
