package keisei.nn;

import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/** A convolution with bias: parameters {@code <name>.weight} and {@code <name>.bias}. */
public final class Convolution implements NetworkModule {
    private final Device device;
    private final ConvolutionShape shape;
    private final Tensor weight;
    private final Tensor bias;
    private final PreparedWeights prepared;

    /** Binds the parameters that {@link #declare} declared with the same shape. */
    public Convolution(Device device, ParameterStore store, String name, ConvolutionShape shape) {
        this.device = device;
        this.shape = shape;
        weight = Tensor.parameter(
                store.value(name + ".weight"),
                store.gradient(name + ".weight"),
                shape.outChannels(),
                shape.kernel(),
                shape.kernel(),
                shape.inChannels());
        bias = Tensor.parameter(store.value(name + ".bias"), store.gradient(name + ".bias"), shape.outChannels());
        prepared = device.convolution().prepare(shape, weight.value());
    }

    /**
     * Adds the parameters.
     *
     * @param inChannels logical channels; the shape's channels are the stored ones
     */
    public static void declare(ParameterStore.Builder builder, String name, int inChannels, ConvolutionShape shape) {
        builder.convolution(name + ".weight", shape.outChannels(), inChannels, shape.kernel(), shape.inChannels());
        builder.parameter(name + ".bias", shape.outChannels());
    }

    /** Records {@code conv(x) + bias}. */
    public Tensor record(Tape tape, Tensor x) {
        return tape.convolution(x, shape, prepared, weight, bias);
    }

    /** Runs the convolution at once, with an epilogue that stands for the bias and what follows. */
    public void infer(int batch, Slice x, Epilogue epilogue, Slice y) {
        device.convolution().forward(prepared, batch, x, epilogue, y);
    }

    /** Sizes, with the stored input channels. */
    public ConvolutionShape shape() {
        return shape;
    }

    /** The bias, {@code [K]}. */
    public Slice bias() {
        return bias.value();
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
