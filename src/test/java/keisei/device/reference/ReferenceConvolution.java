package keisei.device.reference;

import keisei.device.ConvolutionKernels;
import keisei.device.ConvolutionShape;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ReferenceConvolution implements ConvolutionKernels {
    private final ReferenceDevice device;

    ReferenceConvolution(ReferenceDevice device) {
        this.device = device;
    }

    @Override
    public PreparedWeights prepare(ConvolutionShape shape, Slice weights) {
        return new ReferenceWeights<>(device, shape, shape.weightCount(), weights);
    }

    /** Receives each pair of an output square and the input square under one filter tap. */
    private interface Tap {
        void visit(int outSquare, int inSquare, int row, int column);
    }

    /** All taps that fall inside the board, for all images; squares are counted over the whole batch. */
    private static void forEachTap(ConvolutionShape shape, int batch, Tap tap) {
        int pad = shape.kernel() / 2;
        for (int n = 0; n < batch; n++) {
            for (int h = 0; h < shape.height(); h++) {
                for (int w = 0; w < shape.width(); w++) {
                    for (int r = 0; r < shape.kernel(); r++) {
                        for (int s = 0; s < shape.kernel(); s++) {
                            int fromH = h + r - pad;
                            int fromW = w + s - pad;
                            if (fromH >= 0 && fromH < shape.height() && fromW >= 0 && fromW < shape.width()) {
                                tap.visit(
                                        n * shape.spatial() + h * shape.width() + w,
                                        n * shape.spatial() + fromH * shape.width() + fromW,
                                        r,
                                        s);
                            }
                        }
                    }
                }
            }
        }
    }

    private static int weightIndex(ConvolutionShape shape, int k, int r, int s, int c) {
        return ((k * shape.kernel() + r) * shape.kernel() + s) * shape.inChannels() + c;
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, Epilogue epilogue, Slice y) {
        ReferenceWeights<ConvolutionShape> own = ReferenceWeights.of(weights, device, ConvolutionShape.class);
        ConvolutionShape shape = own.shape();
        int inChannels = shape.inChannels();
        int outChannels = shape.outChannels();
        Operand filter = own.read();
        Operand input = device.real(x, (long) batch * shape.spatial() * inChannels, "x");
        int outCount = Math.multiplyExact(batch, shape.spatial() * outChannels);
        Operand output = device.real(y, outCount, "y");
        Operand scale = epilogue.scale() == null ? null : device.real(epilogue.scale(), outChannels, "scale");
        Operand shift = epilogue.shift() == null ? null : device.real(epilogue.shift(), outChannels, "shift");
        Operand residual = epilogue.residual() == null ? null : device.real(epilogue.residual(), outCount, "residual");
        double[] sums = new double[outCount];
        forEachTap(shape, batch, (out, in, r, s) -> {
            for (int k = 0; k < outChannels; k++) {
                for (int c = 0; c < inChannels; c++) {
                    sums[out * outChannels + k] +=
                            input.get(in * inChannels + c) * filter.get(weightIndex(shape, k, r, s, c));
                }
            }
        });
        for (int i = 0; i < outCount; i++) {
            int k = i % outChannels;
            double value = (scale == null ? 1 : scale.get(k)) * sums[i]
                    + (shift == null ? 0 : shift.get(k))
                    + (residual == null ? 0 : residual.get(i));
            output.set(i, epilogue.relu() && !(value > 0) ? 0 : value);
        }
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        ReferenceWeights<ConvolutionShape> own = ReferenceWeights.of(weights, device, ConvolutionShape.class);
        ConvolutionShape shape = own.shape();
        int inChannels = shape.inChannels();
        int outChannels = shape.outChannels();
        Operand filter = own.read();
        Operand upstream = device.real(dy, (long) batch * shape.spatial() * outChannels, "dy");
        int inCount = Math.multiplyExact(batch, shape.spatial() * inChannels);
        Operand gradient = device.real(dx, inCount, "dx");
        double[] sums = new double[inCount];
        forEachTap(shape, batch, (out, in, r, s) -> {
            for (int k = 0; k < outChannels; k++) {
                for (int c = 0; c < inChannels; c++) {
                    sums[in * inChannels + c] +=
                            upstream.get(out * outChannels + k) * filter.get(weightIndex(shape, k, r, s, c));
                }
            }
        });
        for (int i = 0; i < inCount; i++) {
            gradient.put(i, sums[i], accumulate);
        }
    }

    @Override
    public void backwardWeights(ConvolutionShape shape, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        int inChannels = shape.inChannels();
        int outChannels = shape.outChannels();
        int squares = Math.multiplyExact(batch, shape.spatial());
        Operand input = device.real(x, (long) squares * inChannels, "x");
        Operand upstream = device.real(dy, (long) squares * outChannels, "dy");
        Operand gradient = device.real(dw, shape.weightCount(), "dw");
        forEachTap(shape, batch, (out, in, r, s) -> {
            for (int k = 0; k < outChannels; k++) {
                for (int c = 0; c < inChannels; c++) {
                    gradient.add(
                            weightIndex(shape, k, r, s, c),
                            upstream.get(out * outChannels + k) * input.get(in * inChannels + c));
                }
            }
        });
        if (dbias != null) {
            Operand bias = device.real(dbias, outChannels, "dbias");
            for (int i = 0; i < squares * outChannels; i++) {
                bias.add(i % outChannels, upstream.get(i));
            }
        }
    }
}
