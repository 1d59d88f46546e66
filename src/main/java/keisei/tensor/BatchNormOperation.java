package keisei.tensor;

import java.util.List;
import keisei.device.Device;
import keisei.device.NormalizationKernels;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class BatchNormOperation extends Operation {
    private final NormalizationKernels kernels;
    private final RunningStatistics running;
    private final int rows;
    private final int channels;
    private final Tensor x;
    private final Tensor gamma;
    private final Tensor beta;
    private final @Nullable Tensor residual;
    private final boolean relu;
    private final Tensor mean;
    private final Tensor variance;
    private final Tensor invStd;
    private final Tensor y;
    private boolean ranWithBatchStatistics;

    BatchNormOperation(
            Device device,
            RunningStatistics running,
            Tensor x,
            Tensor gamma,
            Tensor beta,
            @Nullable Tensor residual,
            boolean relu,
            Tensor mean,
            Tensor variance,
            Tensor invStd,
            Tensor y) {
        super(residual == null ? List.of(x) : List.of(x, residual), List.of(y));
        this.kernels = device.normalization();
        this.running = running;
        this.channels = x.shape().getLast();
        this.rows = x.count() / channels;
        this.x = x;
        this.gamma = gamma;
        this.beta = beta;
        this.residual = residual;
        this.relu = relu;
        this.mean = mean;
        this.variance = variance;
        this.invStd = invStd;
        this.y = y;
    }

    @Override
    void forward() {
        // The backward pass differentiates what this forward computed, even if the mode is switched in between.
        ranWithBatchStatistics = running.mode().batchStatistics();
        if (ranWithBatchStatistics) {
            kernels.statistics(rows, channels, x.value(), mean.value(), variance.value());
            kernels.updateRunning(
                    rows,
                    running.mode().momentum(),
                    mean.value(),
                    variance.value(),
                    running.mean(),
                    running.variance());
        }
        kernels.inverseDeviation(
                ranWithBatchStatistics ? variance.value() : running.variance(), running.epsilon(), invStd.value());
        kernels.forward(
                rows,
                channels,
                x.value(),
                meanUsed(),
                invStd.value(),
                gamma.value(),
                beta.value(),
                residual == null ? null : residual.value(),
                relu,
                y.value());
    }

    private Slice meanUsed() {
        return ranWithBatchStatistics ? mean.value() : running.mean();
    }

    @Override
    void backward() {
        kernels.backward(
                rows,
                channels,
                ranWithBatchStatistics,
                x.value(),
                y.value(),
                y.gradient(),
                meanUsed(),
                invStd.value(),
                gamma.value(),
                relu,
                x.gradient(),
                accumulate(0),
                gamma.gradient(),
                beta.gradient(),
                residual == null ? null : residual.gradient(),
                residual != null && accumulate(1));
    }
}
