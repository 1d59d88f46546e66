package keisei.device.reference;

import keisei.device.Activation;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import org.jspecify.annotations.Nullable;

final class ReferenceSqueezeExcite implements SqueezeExciteKernels {
    private final ReferenceDevice device;

    ReferenceSqueezeExcite(ReferenceDevice device) {
        this.device = device;
    }

    @Override
    public void forward(
            int batch,
            int spatial,
            int channels,
            int hidden,
            Slice x,
            Weights weights,
            @Nullable Slice residual,
            boolean relu,
            Slice pooled,
            Slice hiddenOut,
            Slice gate,
            Slice y) {
        long count = (long) batch * spatial * channels;
        Operand input = device.real(x, count, "x");
        Operand w1 = device.real(weights.w1(), (long) hidden * channels, "w1");
        Operand b1 = device.real(weights.b1(), hidden, "b1");
        Operand w2 = device.real(weights.w2(), (long) channels * hidden, "w2");
        Operand b2 = device.real(weights.b2(), channels, "b2");
        Operand side = residual == null ? null : device.real(residual, count, "residual");
        Operand p = device.real(pooled, (long) batch * channels, "pooled");
        Operand h = device.real(hiddenOut, (long) batch * hidden, "hiddenOut");
        Operand s = device.real(gate, (long) batch * channels, "gate");
        Operand output = device.real(y, count, "y");
        for (int n = 0; n < batch; n++) {
            for (int c = 0; c < channels; c++) {
                double sum = 0;
                for (int square = 0; square < spatial; square++) {
                    sum += input.get((n * spatial + square) * channels + c);
                }
                p.set(n * channels + c, sum / spatial);
            }
            for (int j = 0; j < hidden; j++) {
                double sum = b1.get(j);
                for (int c = 0; c < channels; c++) {
                    sum += w1.get(j * channels + c) * p.get(n * channels + c);
                }
                h.set(n * hidden + j, ReferenceElementwise.apply(Activation.RELU, sum));
            }
            for (int c = 0; c < channels; c++) {
                double sum = b2.get(c);
                for (int j = 0; j < hidden; j++) {
                    sum += w2.get(c * hidden + j) * h.get(n * hidden + j);
                }
                s.set(n * channels + c, ReferenceElementwise.apply(Activation.SIGMOID, sum));
            }
            for (int square = 0; square < spatial; square++) {
                for (int c = 0; c < channels; c++) {
                    int i = (n * spatial + square) * channels + c;
                    double value = input.get(i) * s.get(n * channels + c) + (side == null ? 0 : side.get(i));
                    output.set(i, relu && !(value > 0) ? 0 : value);
                }
            }
        }
    }

    @Override
    public void backward(
            int batch,
            int spatial,
            int channels,
            int hidden,
            Slice x,
            Slice y,
            Slice dy,
            Weights weights,
            boolean relu,
            Slice pooled,
            Slice hiddenOut,
            Slice gate,
            Slice dx,
            boolean accumulate,
            Weights dWeights,
            @Nullable Slice dResidual,
            boolean accumulateResidual) {
        long count = (long) batch * spatial * channels;
        Operand input = device.real(x, count, "x");
        Operand output = relu ? device.real(y, count, "y") : null;
        Operand upstream = device.real(dy, count, "dy");
        Operand w1 = device.real(weights.w1(), (long) hidden * channels, "w1");
        Operand w2 = device.real(weights.w2(), (long) channels * hidden, "w2");
        Operand p = device.real(pooled, (long) batch * channels, "pooled");
        Operand h = device.real(hiddenOut, (long) batch * hidden, "hiddenOut");
        Operand s = device.real(gate, (long) batch * channels, "gate");
        Operand gradient = device.real(dx, count, "dx");
        Operand dw1 = device.real(dWeights.w1(), (long) hidden * channels, "dWeights.w1");
        Operand db1 = device.real(dWeights.b1(), hidden, "dWeights.b1");
        Operand dw2 = device.real(dWeights.w2(), (long) channels * hidden, "dWeights.w2");
        Operand db2 = device.real(dWeights.b2(), channels, "dWeights.b2");
        Operand side = dResidual == null ? null : device.real(dResidual, count, "dResidual");
        for (int n = 0; n < batch; n++) {
            double[] beforeSigmoid = new double[channels];
            for (int c = 0; c < channels; c++) {
                double sum = 0;
                for (int square = 0; square < spatial; square++) {
                    int i = (n * spatial + square) * channels + c;
                    sum += throughRelu(output, upstream, i) * input.get(i);
                }
                beforeSigmoid[c] =
                        sum * ReferenceElementwise.derivativeFromOutput(Activation.SIGMOID, s.get(n * channels + c));
            }
            double[] beforeRelu = new double[hidden];
            for (int j = 0; j < hidden; j++) {
                double sum = 0;
                for (int c = 0; c < channels; c++) {
                    sum += w2.get(c * hidden + j) * beforeSigmoid[c];
                    dw2.add(c * hidden + j, beforeSigmoid[c] * h.get(n * hidden + j));
                }
                beforeRelu[j] = sum * ReferenceElementwise.derivativeFromOutput(Activation.RELU, h.get(n * hidden + j));
                db1.add(j, beforeRelu[j]);
            }
            for (int c = 0; c < channels; c++) {
                db2.add(c, beforeSigmoid[c]);
                double throughPool = 0;
                for (int j = 0; j < hidden; j++) {
                    throughPool += w1.get(j * channels + c) * beforeRelu[j];
                    dw1.add(j * channels + c, beforeRelu[j] * p.get(n * channels + c));
                }
                for (int square = 0; square < spatial; square++) {
                    int i = (n * spatial + square) * channels + c;
                    double g = throughRelu(output, upstream, i);
                    gradient.put(i, g * s.get(n * channels + c) + throughPool / spatial, accumulate);
                    if (side != null) {
                        side.put(i, g, accumulateResidual);
                    }
                }
            }
        }
    }

    private static double throughRelu(@Nullable Operand output, Operand upstream, int i) {
        return output == null || output.get(i) > 0 ? upstream.get(i) : 0;
    }
}
