package keisei.nn;

import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.Epilogue;
import keisei.tensor.NormalizationMode;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** {@code relu(x + [SE] bn2(conv2(relu(bn1(conv1(x))))))}, 3x3 convolutions of one width. */
public final class ResidualBlock implements NetworkModule {
    private final NormalizedConvolution first;
    private final NormalizedConvolution second;
    private final @Nullable SqueezeExcite squeezeExcite;
    private @Nullable InferenceMemory addedTo;
    private Epilogue addition = Epilogue.NONE;

    /**
     * Binds what {@link #declare} declared.
     *
     * @param name such as {@code blocks.0}
     * @param seHidden bottleneck of squeeze-and-excitation; 0: none
     */
    public ResidualBlock(
            Device device,
            ParameterStore store,
            String name,
            ConvolutionShape shape,
            int seHidden,
            NormalizationMode mode) {
        first = new NormalizedConvolution(device, store, name + ".conv1", name + ".bn1", shape, mode);
        second = Construction.orClose(
                () -> new NormalizedConvolution(device, store, name + ".conv2", name + ".bn2", shape, mode), first);
        squeezeExcite =
                seHidden == 0 ? null : new SqueezeExcite(device, store, name + ".se", shape.outChannels(), seHidden);
    }

    /** Adds the parameters. */
    public static void declare(ParameterStore.Builder builder, String name, ConvolutionShape shape, int seHidden) {
        NormalizedConvolution.declare(builder, name + ".conv1", name + ".bn1", shape.inChannels(), shape);
        NormalizedConvolution.declare(builder, name + ".conv2", name + ".bn2", shape.inChannels(), shape);
        if (seHidden > 0) {
            SqueezeExcite.declare(builder, name + ".se", shape.outChannels(), seHidden);
        }
    }

    /** Records the block. */
    public Tensor record(Tape tape, Tensor x) {
        Tensor inner = first.record(tape, x, null, true);
        if (squeezeExcite == null) {
            return second.record(tape, inner, x, true);
        }
        return squeezeExcite.record(tape, second.record(tape, inner, null, false), x, true);
    }

    /** Runs at once, from the trunk of {@code memory} to the trunk. */
    void infer(int batch, InferenceMemory memory) {
        first.infer(batch, memory.trunk(), true, memory.inner());
        if (squeezeExcite != null) {
            second.infer(batch, memory.inner(), false, memory.branch());
            squeezeExcite.infer(
                    batch,
                    memory.spatial(),
                    memory.branch(),
                    memory.trunk(),
                    memory.pooled(),
                    memory.hidden(),
                    memory.gate(),
                    memory.trunk());
            return;
        }
        if (addedTo != memory) {
            addedTo = memory;
            addition = second.residualEpilogue(memory.trunk());
        }
        second.infer(batch, memory.inner(), addition, memory.trunk());
    }

    /** Says that running statistics were written. */
    public void statisticsChanged() {
        first.statisticsChanged();
        second.statisticsChanged();
    }

    @Override
    public void parametersChanged() {
        first.parametersChanged();
        second.parametersChanged();
    }

    @Override
    public void refresh() {
        first.refresh();
        second.refresh();
    }

    @Override
    public void close() {
        first.close();
        second.close();
    }
}
