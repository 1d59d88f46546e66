package keisei.device.cpu;

import keisei.device.LinearKernels;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** Linear layers as matrix products over packed weights. */
final class CpuLinear implements LinearKernels {
    private final CpuDevice device;
    private final Operands operands;
    private final PackWeights pack;
    private final MatrixProducts products;

    CpuLinear(CpuDevice device, PackWeights pack, MatrixProducts products) {
        this.device = device;
        this.operands = device.operands();
        this.pack = pack;
        this.products = products;
    }

    @Override
    public PreparedWeights prepare(int in, int out, Slice weights) {
        Operands.requirePositive("in", in);
        Operands.requirePositive("out", out);
        operands.floats("weights", weights, (long) in * out);
        return new Weights(in, out, weights);
    }

    private Weights opened(PreparedWeights weights) {
        if (!(weights instanceof Weights own) || own.device() != device) {
            throw new IllegalArgumentException(
                    "weights: they were not prepared by the linear layers of device '%s'".formatted(device.name()));
        }
        own.requireOpen();
        return own;
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, @Nullable Slice bias, Slice y) {
        Weights own = opened(weights);
        Operands.requireNotNegative("batch", batch);
        float[] xs = operands.floats("x", x, (long) batch * own.in);
        float[] ys = operands.floats("y", y, (long) batch * own.out);
        float[] shift = operands.optionalFloats("bias", bias, own.out);
        if (batch == 0) {
            return;
        }
        float[] none = Operands.NONE;
        int ho = Operands.offset(bias);
        float[] w = own.forward();
        products.product(batch, own.out, own.in, xs, x.offset(), w, none, 0, shift, ho, none, 0, false, ys, y.offset());
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        Weights own = opened(weights);
        Operands.requireNotNegative("batch", batch);
        float[] dys = operands.floats("dy", dy, (long) batch * own.out);
        float[] dxs = operands.floats("dx", dx, (long) batch * own.in);
        if (batch == 0) {
            return;
        }
        float[] none = Operands.NONE;
        float[] residual = accumulate ? dxs : none;
        int dxo = dx.offset();
        float[] w = own.backward();
        products.product(batch, own.in, own.out, dys, dy.offset(), w, none, 0, none, 0, residual, dxo, false, dxs, dxo);
    }

    @Override
    public void backwardWeights(int in, int out, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        Operands.requirePositive("in", in);
        Operands.requirePositive("out", out);
        Operands.requireNotNegative("batch", batch);
        float[] xs = operands.floats("x", x, (long) batch * in);
        float[] dys = operands.floats("dy", dy, (long) batch * out);
        float[] dws = operands.floats("dw", dw, (long) in * out);
        float[] biases = operands.optionalFloats("dbias", dbias, out);
        if (batch == 0) {
            return;
        }
        products.addTransposedProduct(out, in, batch, dys, dy.offset(), xs, x.offset(), dws, dw.offset());
        if (dbias != null) {
            products.addRowSums(batch, out, dys, dy.offset(), biases, dbias.offset());
        }
    }

    private final class Weights extends CpuPreparedWeights {
        private final int in;
        private final int out;

        Weights(int in, int out, Slice weights) {
            super(device, weights, PackWeights.packedLength(in, out), PackWeights.packedLength(out, in));
            this.in = in;
            this.out = out;
        }

        @Override
        void packForward(float[] source, int offset, float[] packed) {
            pack.transposed(source, offset, out, in, packed);
        }

        @Override
        void packBackward(float[] source, int offset, float[] packed) {
            pack.plain(source, offset, out, in, packed);
        }
    }
}
