package keisei.nn;

import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.Slice;
import keisei.tensor.NormalizationMode;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/** Policy or value head: 1x1 convolution to 2 channels, BN, ReLU, channel-major flatten, linear layer. */
final class TowerHead implements OutputHead {
    /** Channels of the head's convolution. */
    static final int CHANNELS = 2;

    private final Device device;
    private final int spatial;
    private final NormalizedConvolution convolution;
    private final Linear linear;

    TowerHead(Device device, ParameterStore store, String name, ModelSpec spec, int outputs, NormalizationMode mode) {
        this.device = device;
        this.spatial = spec.spatial();
        convolution = new NormalizedConvolution(device, store, name + ".conv", name + ".bn", shape(spec), mode);
        linear = Construction.orClose(
                () -> new Linear(device, store, name + ".fc", CHANNELS * spec.spatial(), outputs), convolution);
    }

    static void declare(ParameterStore.Builder builder, String name, ModelSpec spec, int outputs) {
        NormalizedConvolution.declare(builder, name + ".conv", name + ".bn", spec.towerWidth(), shape(spec));
        Linear.declare(builder, name + ".fc", CHANNELS * spec.spatial(), outputs);
    }

    private static ConvolutionShape shape(ModelSpec spec) {
        return new ConvolutionShape(spec.boardSize(), spec.boardSize(), spec.towerWidth(), CHANNELS, 1);
    }

    @Override
    public Tensor record(Tape tape, Tensor trunk) {
        return linear.record(tape, tape.flattenChannelMajor(convolution.record(tape, trunk, null, true)));
    }

    @Override
    public void infer(int batch, InferenceMemory memory, Slice out) {
        convolution.infer(batch, memory.trunk(), true, memory.headImage());
        device.elementwise().flattenChannelMajor(batch, spatial, CHANNELS, memory.headImage(), memory.headRow());
        linear.infer(batch, memory.headRow(), out);
    }

    @Override
    public void statisticsChanged() {
        convolution.statisticsChanged();
    }

    @Override
    public void parametersChanged() {
        convolution.parametersChanged();
        linear.parametersChanged();
    }

    @Override
    public void refresh() {
        convolution.refresh();
        linear.refresh();
    }

    @Override
    public void close() {
        convolution.close();
        linear.close();
    }
}
