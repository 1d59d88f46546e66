package keisei.device.cpu;

import java.util.Arrays;
import keisei.device.ConvolutionKernels;
import keisei.device.ConvolutionShape;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** Convolutions: Winograd for 3x3, matrix products for 1x1, dot products where there are few output channels. */
final class CpuConvolution implements ConvolutionKernels {
    private final CpuDevice device;
    private final Operands operands;
    private final PackWeights pack;
    private final Convolution3x3 winograd;
    private final FilterGradient3x3 filterGradient;
    private final MatrixProducts products;
    private final SmallPointwise small;

    CpuConvolution(CpuDevice device, Workers workers, PackWeights pack, MatrixProducts products) {
        this.device = device;
        this.operands = device.operands();
        this.pack = pack;
        this.products = products;
        Winograd.Scratch[] scratch = new Winograd.Scratch[workers.threads()];
        Arrays.setAll(scratch, i -> new Winograd.Scratch());
        winograd = new Convolution3x3(workers, scratch);
        filterGradient = new FilterGradient3x3(workers, scratch);
        small = new SmallPointwise(workers);
    }

    private static boolean isSmall(ConvolutionShape shape) {
        return shape.kernel() == 1 && shape.outChannels() <= SmallPointwise.MOST_OUT_CHANNELS;
    }

    @Override
    public PreparedWeights prepare(ConvolutionShape shape, Slice weights) {
        operands.floats("weights", weights, shape.weightCount());
        return new Weights(shape, weights);
    }

    private Weights opened(PreparedWeights weights) {
        if (!(weights instanceof Weights own) || own.device() != device) {
            throw new IllegalArgumentException(
                    "weights: they were not prepared by the convolutions of device '%s'".formatted(device.name()));
        }
        own.requireOpen();
        return own;
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, Epilogue epilogue, Slice y) {
        Weights own = opened(weights);
        ConvolutionShape shape = own.shape;
        Operands.requireNotNegative("batch", batch);
        int in = shape.inChannels();
        int out = shape.outChannels();
        long rows = (long) batch * shape.spatial();
        float[] xs = operands.floats("x", x, rows * in);
        float[] ys = operands.floats("y", y, rows * out);
        float[] scale = operands.optionalFloats("scale", epilogue.scale(), out);
        float[] shift = operands.optionalFloats("shift", epilogue.shift(), out);
        float[] residual = operands.optionalFloats("residual", epilogue.residual(), rows * out);
        int so = Operands.offset(epilogue.scale());
        int ho = Operands.offset(epilogue.shift());
        int ro = Operands.offset(epilogue.residual());
        boolean relu = epilogue.relu();
        if (batch == 0) {
            return;
        }
        if (shape.kernel() == 3) {
            winograd.convolve(
                    shape,
                    in,
                    out,
                    batch,
                    xs,
                    x.offset(),
                    own.forward(),
                    scale,
                    so,
                    shift,
                    ho,
                    residual,
                    ro,
                    relu,
                    ys,
                    y.offset());
        } else if (isSmall(shape)) {
            float[] w = operands.floats("weights", own.weights(), shape.weightCount());
            int wo = own.weights().offset();
            small.forward(
                    (int) rows,
                    in,
                    out,
                    xs,
                    x.offset(),
                    w,
                    wo,
                    scale,
                    so,
                    shift,
                    ho,
                    residual,
                    ro,
                    relu,
                    ys,
                    y.offset());
        } else {
            float[] w = own.forward();
            products.product(
                    (int) rows, out, in, xs, x.offset(), w, scale, so, shift, ho, residual, ro, relu, ys, y.offset());
        }
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        Weights own = opened(weights);
        ConvolutionShape shape = own.shape;
        Operands.requireNotNegative("batch", batch);
        int in = shape.inChannels();
        int out = shape.outChannels();
        long rows = (long) batch * shape.spatial();
        float[] dys = operands.floats("dy", dy, rows * out);
        float[] dxs = operands.floats("dx", dx, rows * in);
        if (batch == 0) {
            return;
        }
        float[] none = Operands.NONE;
        float[] residual = accumulate ? dxs : none;
        int dxo = dx.offset();
        if (shape.kernel() == 3) {
            float[] u = own.backward();
            winograd.convolve(
                    shape, out, in, batch, dys, dy.offset(), u, none, 0, none, 0, residual, dxo, false, dxs, dxo);
        } else if (isSmall(shape)) {
            float[] w = operands.floats("weights", own.weights(), shape.weightCount());
            int wo = own.weights().offset();
            small.gradientOfData((int) rows, in, out, dys, dy.offset(), w, wo, dxs, dxo, accumulate);
        } else {
            float[] w = own.backward();
            products.product(
                    (int) rows, in, out, dys, dy.offset(), w, none, 0, none, 0, residual, dxo, false, dxs, dxo);
        }
    }

    @Override
    public void backwardWeights(ConvolutionShape shape, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        Operands.requireNotNegative("batch", batch);
        int in = shape.inChannels();
        int out = shape.outChannels();
        long rows = (long) batch * shape.spatial();
        float[] xs = operands.floats("x", x, rows * in);
        float[] dys = operands.floats("dy", dy, rows * out);
        float[] dws = operands.floats("dw", dw, shape.weightCount());
        float[] biases = operands.optionalFloats("dbias", dbias, out);
        if (batch == 0) {
            return;
        }
        int xo = x.offset();
        int dyo = dy.offset();
        if (shape.kernel() == 3) {
            filterGradient.run(shape, batch, xs, xo, dys, dyo, dws, dw.offset());
        } else if (isSmall(shape)) {
            small.gradientOfWeights((int) rows, in, out, xs, xo, dys, dyo, dws, dw.offset());
        } else {
            products.addTransposedProduct(out, in, (int) rows, dys, dyo, xs, xo, dws, dw.offset());
        }
        if (dbias != null) {
            products.addRowSums((int) rows, out, dys, dyo, biases, dbias.offset());
        }
    }

    private final class Weights extends CpuPreparedWeights {
        private final ConvolutionShape shape;

        Weights(ConvolutionShape shape, Slice weights) {
            int planes = shape.kernel() == 3 ? Winograd.PLANES : 1;
            super(
                    device,
                    weights,
                    planes * PackWeights.packedLength(shape.inChannels(), shape.outChannels()),
                    planes * PackWeights.packedLength(shape.outChannels(), shape.inChannels()));
            this.shape = shape;
        }

        @Override
        void packForward(float[] source, int offset, float[] packed) {
            if (shape.kernel() == 3) {
                pack.filtersForward(source, offset, shape.outChannels(), shape.inChannels(), packed);
            } else {
                pack.transposed(source, offset, shape.outChannels(), shape.inChannels(), packed);
            }
        }

        @Override
        void packBackward(float[] source, int offset, float[] packed) {
            if (shape.kernel() == 3) {
                pack.filtersBackward(source, offset, shape.outChannels(), shape.inChannels(), packed);
            } else {
                pack.plain(source, offset, shape.outChannels(), shape.inChannels(), packed);
            }
        }
    }
}
