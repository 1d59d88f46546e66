package keisei.nn;

import keisei.device.Device;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Squeeze-and-excitation (Hu et al. 2018): {@code <name>.fc1.*} from C channels to the bottleneck, {@code <name>.fc2.*}
 * back. Owns nothing.
 */
public final class SqueezeExcite {
    private final Device device;
    private final Tensor w1;
    private final Tensor b1;
    private final Tensor w2;
    private final Tensor b2;
    private final SqueezeExciteKernels.Weights weights;

    /** Binds what {@link #declare} declared. */
    public SqueezeExcite(Device device, ParameterStore store, String name, int channels, int hidden) {
        this.device = device;
        w1 = Tensor.parameter(
                store.value(name + ".fc1.weight"), store.gradient(name + ".fc1.weight"), hidden, channels);
        b1 = Tensor.parameter(store.value(name + ".fc1.bias"), store.gradient(name + ".fc1.bias"), hidden);
        w2 = Tensor.parameter(
                store.value(name + ".fc2.weight"), store.gradient(name + ".fc2.weight"), channels, hidden);
        b2 = Tensor.parameter(store.value(name + ".fc2.bias"), store.gradient(name + ".fc2.bias"), channels);
        weights = new SqueezeExciteKernels.Weights(w1.value(), b1.value(), w2.value(), b2.value());
    }

    /** Adds the parameters. */
    public static void declare(ParameterStore.Builder builder, String name, int channels, int hidden) {
        Linear.declare(builder, name + ".fc1", channels, hidden);
        Linear.declare(builder, name + ".fc2", hidden, channels);
    }

    /** Records {@code f(x * gate(x) + residual)}, f = ReLU or identity. */
    public Tensor record(Tape tape, Tensor x, @Nullable Tensor residual, boolean relu) {
        return tape.squeezeExcite(x, w1, b1, w2, b2, residual, relu);
    }

    /**
     * Runs at once: {@code y = relu(x * gate(x) + residual)}.
     *
     * @param pooled {@code [N, C]} scratch
     * @param hidden {@code [N, H]} scratch
     * @param gate {@code [N, C]} scratch
     * @param y may be {@code x} or {@code residual}
     */
    public void infer(
            int batch, int spatial, Slice x, Slice residual, Slice pooled, Slice hidden, Slice gate, Slice y) {
        device.squeezeExcite()
                .forward(batch, spatial, w1.size(1), w1.size(0), x, weights, residual, true, pooled, hidden, gate, y);
    }
}
