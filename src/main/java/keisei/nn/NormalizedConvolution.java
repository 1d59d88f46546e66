package keisei.nn;

import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Epilogue;
import keisei.device.Slice;
import keisei.tensor.NormalizationMode;
import keisei.tensor.Tape;
import keisei.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A convolution and the batch norm behind it. Tapes see two operations; inference sees one, the norm folded into the
 * convolution's epilogue, once for each change of parameters or statistics.
 */
public final class NormalizedConvolution implements NetworkModule {
    private final Convolution convolution;
    private final BatchNorm norm;
    private final DeviceBuffer folded;
    private final Slice scale;
    private final Slice shift;
    private final Epilogue plain;
    private final Epilogue rectified;
    private boolean stale = true;

    /** Binds what {@link #declare} declared. */
    public NormalizedConvolution(
            Device device,
            ParameterStore store,
            String convolutionName,
            String normName,
            ConvolutionShape shape,
            NormalizationMode mode) {
        int channels = shape.outChannels();
        norm = new BatchNorm(device, store, normName, channels, mode);
        convolution = new Convolution(device, store, convolutionName, shape);
        folded =
                Construction.orClose(() -> device.allocate(device.realType(), 2 * channels, "workspaces"), convolution);
        scale = folded.all().range(0, channels);
        shift = folded.all().range(channels, channels);
        plain = new Epilogue(scale, shift, null, false);
        rectified = new Epilogue(scale, shift, null, true);
    }

    /** Adds the parameters of both. */
    public static void declare(
            ParameterStore.Builder builder,
            String convolutionName,
            String normName,
            int inChannels,
            ConvolutionShape shape) {
        Convolution.declare(builder, convolutionName, inChannels, shape);
        BatchNorm.declare(builder, normName, shape.outChannels());
    }

    /** Records {@code f(norm(conv(x)) + residual)}, f = ReLU or identity. */
    public Tensor record(Tape tape, Tensor x, @Nullable Tensor residual, boolean relu) {
        return norm.record(tape, convolution.record(tape, x), residual, relu);
    }

    /** The epilogue that adds {@code residual} and rectifies; made once for each residual, not for each run. */
    public Epilogue residualEpilogue(Slice residual) {
        return new Epilogue(scale, shift, residual, true);
    }

    /** Runs at once with the running statistics, then ReLU where asked. */
    public void infer(int batch, Slice x, boolean relu, Slice y) {
        infer(batch, x, relu ? rectified : plain, y);
    }

    /** Runs at once with an epilogue of this module. */
    public void infer(int batch, Slice x, Epilogue epilogue, Slice y) {
        fold();
        convolution.infer(batch, x, epilogue, y);
    }

    private void fold() {
        if (stale) {
            norm.fold(convolution.bias(), scale, shift);
            stale = false;
        }
    }

    /** Says that running statistics were written. */
    public void statisticsChanged() {
        stale = true;
    }

    @Override
    public void parametersChanged() {
        stale = true;
        convolution.parametersChanged();
    }

    @Override
    public void refresh() {
        fold();
        convolution.refresh();
    }

    @Override
    public void close() {
        convolution.close();
        folded.close();
    }
}
