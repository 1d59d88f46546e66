package keisei.device.reference;

import keisei.device.ConvolutionKernels;
import keisei.device.ConvolutionShape;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ReferenceConvolution implements ConvolutionKernels {
    private final ReferenceDevice device;
    private final Operands operands;

    ReferenceConvolution(ReferenceDevice device, Operands operands) {
        this.device = device;
        this.operands = operands;
    }

    @Override
    public PreparedWeights prepare(ConvolutionShape shape, Slice weights) {
        operands.reals("weights", weights, shape.weightCount());
        return new ReferenceWeights(device, shape, weights);
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, Epilogue epilogue, Slice y) {
        ReferenceWeights prepared = (ReferenceWeights) weights;
        ConvolutionShape shape = (ConvolutionShape) prepared.shape();
        int outChannels = shape.outChannels();
        long outputs = (long) batch * shape.spatial() * outChannels;
        Reals w = operands.reals("weights", prepared.current(), shape.weightCount());
        Reals in = operands.reals("x", x, (long) batch * shape.spatial() * shape.inChannels());
        Reals out = operands.reals("y", y, outputs);
        Reals scale = operands.optional("epilogue.scale", epilogue.scale(), outChannels);
        Reals shift = operands.optional("epilogue.shift", epilogue.shift(), outChannels);
        Reals residual = operands.optional("epilogue.residual", epilogue.residual(), outputs);
        operands.disjoint("y", y, "x", x);
        operands.sameOrDisjoint("y", y, "epilogue.residual", epilogue.residual());
        for (int n = 0; n < batch; n++) {
            for (int h = 0; h < shape.height(); h++) {
                for (int v = 0; v < shape.width(); v++) {
                    for (int k = 0; k < outChannels; k++) {
                        double sum = 0;
                        for (int r = 0; r < shape.kernel(); r++) {
                            for (int s = 0; s < shape.kernel(); s++) {
                                int pixel = neighbour(shape, n, h, v, r, s);
                                if (pixel >= 0) {
                                    for (int c = 0; c < shape.inChannels(); c++) {
                                        sum += in.get(pixel * shape.inChannels() + c)
                                                * w.get(weight(shape, k, r, s, c));
                                    }
                                }
                            }
                        }
                        int at = (pixel(shape, n, h, v)) * outChannels + k;
                        double value = (scale == null ? 1 : scale.get(k)) * sum
                                + (shift == null ? 0 : shift.get(k))
                                + (residual == null ? 0 : residual.get(at));
                        out.set(at, epilogue.relu() ? Math.max(value, 0) : value);
                    }
                }
            }
        }
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        ReferenceWeights prepared = (ReferenceWeights) weights;
        ConvolutionShape shape = (ConvolutionShape) prepared.shape();
        int inputs = batch * shape.spatial() * shape.inChannels();
        Reals w = operands.reals("weights", prepared.current(), shape.weightCount());
        Reals upstream = operands.reals("dy", dy, (long) batch * shape.spatial() * shape.outChannels());
        Reals gradient = operands.reals("dx", dx, inputs);
        operands.disjoint("dx", dx, "dy", dy);
        double[] sums = new double[inputs];
        for (int n = 0; n < batch; n++) {
            for (int h = 0; h < shape.height(); h++) {
                for (int v = 0; v < shape.width(); v++) {
                    for (int k = 0; k < shape.outChannels(); k++) {
                        double d = upstream.get(pixel(shape, n, h, v) * shape.outChannels() + k);
                        for (int r = 0; r < shape.kernel(); r++) {
                            for (int s = 0; s < shape.kernel(); s++) {
                                int pixel = neighbour(shape, n, h, v, r, s);
                                if (pixel >= 0) {
                                    for (int c = 0; c < shape.inChannels(); c++) {
                                        sums[pixel * shape.inChannels() + c] += d * w.get(weight(shape, k, r, s, c));
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        for (int i = 0; i < inputs; i++) {
            gradient.put(i, sums[i], accumulate);
        }
    }

    @Override
    public void backwardWeights(ConvolutionShape shape, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        Reals in = operands.reals("x", x, (long) batch * shape.spatial() * shape.inChannels());
        Reals upstream = operands.reals("dy", dy, (long) batch * shape.spatial() * shape.outChannels());
        Reals gradient = operands.reals("dw", dw, shape.weightCount());
        Reals biasGradient = operands.optional("dbias", dbias, shape.outChannels());
        operands.disjoint("dw", dw, "x", x);
        operands.disjoint("dw", dw, "dy", dy);
        for (int n = 0; n < batch; n++) {
            for (int h = 0; h < shape.height(); h++) {
                for (int v = 0; v < shape.width(); v++) {
                    for (int k = 0; k < shape.outChannels(); k++) {
                        double d = upstream.get(pixel(shape, n, h, v) * shape.outChannels() + k);
                        if (biasGradient != null) {
                            biasGradient.add(k, d);
                        }
                        for (int r = 0; r < shape.kernel(); r++) {
                            for (int s = 0; s < shape.kernel(); s++) {
                                int pixel = neighbour(shape, n, h, v, r, s);
                                if (pixel >= 0) {
                                    for (int c = 0; c < shape.inChannels(); c++) {
                                        gradient.add(
                                                weight(shape, k, r, s, c), d * in.get(pixel * shape.inChannels() + c));
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private static int pixel(ConvolutionShape shape, int n, int h, int v) {
        return (n * shape.height() + h) * shape.width() + v;
    }

    /** The pixel under tap (r, s) of the kernel centred on (h, v); -1 outside the board. */
    private static int neighbour(ConvolutionShape shape, int n, int h, int v, int r, int s) {
        int row = h + r - shape.kernel() / 2;
        int column = v + s - shape.kernel() / 2;
        boolean inside = row >= 0 && row < shape.height() && column >= 0 && column < shape.width();
        return inside ? pixel(shape, n, row, column) : -1;
    }

    private static int weight(ConvolutionShape shape, int k, int r, int s, int c) {
        return ((k * shape.kernel() + r) * shape.kernel() + s) * shape.inChannels() + c;
    }
}
