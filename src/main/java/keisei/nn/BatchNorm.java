package keisei.nn;

import keisei.device.Device;
import keisei.device.Slice;
import keisei.tensor.NormalizationMode;
import keisei.tensor.RunningStatistics;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Batch norm: parameters {@code <name>.weight} and {@code .bias}, statistics {@code .running_mean} and
 * {@code .running_var}. Owns nothing.
 */
public final class BatchNorm {
    /** Added to variances. */
    public static final double EPSILON = 1e-5;

    /** Share of a batch's statistics in the running ones. */
    public static final double MOMENTUM = 0.1;

    private final Device device;
    private final Tensor gamma;
    private final Tensor beta;
    private final RunningStatistics running;

    /**
     * Binds what {@link #declare} declared.
     *
     * @param mode the model's switch between running and batch statistics
     */
    public BatchNorm(Device device, ParameterStore store, String name, int channels, NormalizationMode mode) {
        this.device = device;
        gamma = Tensor.parameter(store.value(name + ".weight"), store.gradient(name + ".weight"), channels);
        beta = Tensor.parameter(store.value(name + ".bias"), store.gradient(name + ".bias"), channels);
        running = new RunningStatistics(
                store.value(name + ".running_mean"), store.value(name + ".running_var"), EPSILON, mode);
    }

    /** Adds parameters and statistics. */
    public static void declare(ParameterStore.Builder builder, String name, int channels) {
        builder.parameter(name + ".weight", channels)
                .parameter(name + ".bias", channels)
                .buffer(name + ".running_mean", channels)
                .buffer(name + ".running_var", channels);
    }

    /** Records {@code f(norm(x) + residual)}, f = ReLU or identity. */
    public Tensor record(Tape tape, Tensor x, @Nullable Tensor residual, boolean relu) {
        return tape.batchNorm(x, gamma, beta, running, residual, relu);
    }

    /** Folds the running statistics behind a convolution with {@code bias} into {@code scale} and {@code shift}. */
    public void fold(Slice bias, Slice scale, Slice shift) {
        device.normalization()
                .fold(EPSILON, gamma.value(), beta.value(), running.mean(), running.variance(), bias, scale, shift);
    }
}
