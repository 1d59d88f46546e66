package keisei.nn;

import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.Epilogue;
import keisei.device.Slice;
import keisei.tensor.NormalizationMode;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;

/**
 * A policy head whose weights are shared by all squares: 1x1 convolution to W channels, BN, ReLU, 1x1 convolution to
 * {@code A / (S * S)} logits a square. For action spaces whose index is {@code square * slots + slot}, an NHWC image of
 * logits is the row of logits, as in AlphaZero (Silver et al. 2018).
 */
final class SpatialPolicyHead implements OutputHead {
    private final Device device;
    private final NormalizedConvolution hidden;
    private final Convolution out;
    private final Epilogue bias;

    SpatialPolicyHead(Device device, ParameterStore store, String name, ModelSpec spec, NormalizationMode mode) {
        this.device = device;
        hidden = new NormalizedConvolution(device, store, name + ".conv", name + ".bn", hiddenShape(spec), mode);
        out = Construction.orClose(() -> new Convolution(device, store, name + ".out", outShape(spec)), hidden);
        bias = Epilogue.bias(out.bias());
    }

    /** @throws IllegalArgumentException when the actions are not the same number for every square */
    static void declare(ParameterStore.Builder builder, String name, ModelSpec spec) {
        if (spec.actions() % spec.spatial() != 0) {
            throw new IllegalArgumentException(
                    "model_type '%s' needs an action space with the same number of actions for each of %d squares (action_space: spatial); it has %d"
                            .formatted(spec.modelType(), spec.spatial(), spec.actions()));
        }
        NormalizedConvolution.declare(builder, name + ".conv", name + ".bn", spec.towerWidth(), hiddenShape(spec));
        Convolution.declare(builder, name + ".out", spec.towerWidth(), outShape(spec));
    }

    private static ConvolutionShape hiddenShape(ModelSpec spec) {
        return new ConvolutionShape(spec.boardSize(), spec.boardSize(), spec.towerWidth(), spec.towerWidth(), 1);
    }

    private static ConvolutionShape outShape(ModelSpec spec) {
        return new ConvolutionShape(
                spec.boardSize(), spec.boardSize(), spec.towerWidth(), spec.actions() / spec.spatial(), 1);
    }

    @Override
    public Tensor record(Tape tape, Tensor trunk) {
        return tape.toReal(out.record(tape, hidden.record(tape, trunk, null, true)));
    }

    @Override
    public void infer(int batch, InferenceMemory memory, Slice logits) {
        hidden.infer(batch, memory.trunk(), true, memory.inner());
        Slice image = memory.logitsImage(batch);
        if (image == null) {
            out.infer(batch, memory.inner(), bias, logits);
        } else {
            out.infer(batch, memory.inner(), bias, image);
            device.elementwise().copy(image, logits);
        }
    }

    @Override
    public void statisticsChanged() {
        hidden.statisticsChanged();
    }

    @Override
    public void parametersChanged() {
        hidden.parametersChanged();
        out.parametersChanged();
    }

    @Override
    public void refresh() {
        hidden.refresh();
        out.refresh();
    }

    @Override
    public void close() {
        hidden.close();
        out.close();
    }
}
