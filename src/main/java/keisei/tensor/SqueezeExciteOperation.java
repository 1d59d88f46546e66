package keisei.tensor;

import java.util.List;
import keisei.device.Device;
import keisei.device.SqueezeExciteKernels;
import org.jspecify.annotations.Nullable;

final class SqueezeExciteOperation extends Operation {
    private final SqueezeExciteKernels kernels;
    private final SqueezeExciteKernels.Weights weights;
    private final SqueezeExciteKernels.Weights weightGradients;
    private final int batch;
    private final int spatial;
    private final int channels;
    private final int hiddenWidth;
    private final Tensor x;
    private final @Nullable Tensor residual;
    private final boolean relu;
    private final Tensor pooled;
    private final Tensor hidden;
    private final Tensor gate;
    private final Tensor y;

    SqueezeExciteOperation(
            Device device,
            Tensor x,
            Tensor w1,
            Tensor b1,
            Tensor w2,
            Tensor b2,
            @Nullable Tensor residual,
            boolean relu,
            Tensor pooled,
            Tensor hidden,
            Tensor gate,
            Tensor y) {
        super(residual == null ? List.of(x) : List.of(x, residual), List.of(y));
        this.kernels = device.squeezeExcite();
        this.weights = new SqueezeExciteKernels.Weights(w1.value(), b1.value(), w2.value(), b2.value());
        this.weightGradients =
                new SqueezeExciteKernels.Weights(w1.gradient(), b1.gradient(), w2.gradient(), b2.gradient());
        this.batch = x.size(0);
        this.channels = w1.size(1);
        this.hiddenWidth = w1.size(0);
        this.spatial = x.count() / batch / channels;
        this.x = x;
        this.residual = residual;
        this.relu = relu;
        this.pooled = pooled;
        this.hidden = hidden;
        this.gate = gate;
        this.y = y;
    }

    @Override
    void forward() {
        kernels.forward(
                batch,
                spatial,
                channels,
                hiddenWidth,
                x.value(),
                weights,
                residual == null ? null : residual.value(),
                relu,
                pooled.value(),
                hidden.value(),
                gate.value(),
                y.value());
    }

    @Override
    void backward() {
        kernels.backward(
                batch,
                spatial,
                channels,
                hiddenWidth,
                x.value(),
                y.value(),
                y.gradient(),
                weights,
                relu,
                pooled.value(),
                hidden.value(),
                gate.value(),
                x.gradient(),
                accumulate(0),
                weightGradients,
                residual == null ? null : residual.gradient(),
                residual != null && accumulate(1));
    }
}
