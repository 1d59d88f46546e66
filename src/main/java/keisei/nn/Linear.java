package keisei.nn;

import keisei.device.Device;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/** A linear layer with bias: parameters {@code <name>.weight} {@code [out, in]} and {@code <name>.bias}. */
public final class Linear implements NetworkModule {
    private final Device device;
    private final Tensor weight;
    private final Tensor bias;
    private final PreparedWeights prepared;

    /** Binds what {@link #declare} declared. */
    public Linear(Device device, ParameterStore store, String name, int in, int out) {
        this.device = device;
        weight = Tensor.parameter(store.value(name + ".weight"), store.gradient(name + ".weight"), out, in);
        bias = Tensor.parameter(store.value(name + ".bias"), store.gradient(name + ".bias"), out);
        prepared = device.linear().prepare(in, out, weight.value());
    }

    /** Adds the parameters. */
    public static void declare(ParameterStore.Builder builder, String name, int in, int out) {
        builder.parameter(name + ".weight", out, in).parameter(name + ".bias", out);
    }

    /** Records {@code x W^T + b}. */
    public Tensor record(Tape tape, Tensor x) {
        return tape.linear(x, prepared, weight, bias);
    }

    /** Runs at once. */
    public void infer(int batch, Slice x, Slice y) {
        device.linear().forward(prepared, batch, x, bias.value(), y);
    }

    @Override
    public void parametersChanged() {
        prepared.invalidate();
    }

    @Override
    public void refresh() {
        prepared.refresh();
    }

    @Override
    public void close() {
        prepared.close();
    }
}
