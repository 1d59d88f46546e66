package keisei.device.reference;

import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import org.jspecify.annotations.Nullable;

final class ReferenceSqueezeExcite implements SqueezeExciteKernels {
    private final Operands operands;

    ReferenceSqueezeExcite(Operands operands) {
        this.operands = operands;
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
        Reals in = operands.reals("x", x, count);
        Reals w1 = operands.reals("w1", weights.w1(), (long) hidden * channels);
        Reals b1 = operands.reals("b1", weights.b1(), hidden);
        Reals w2 = operands.reals("w2", weights.w2(), (long) hidden * channels);
        Reals b2 = operands.reals("b2", weights.b2(), channels);
        Reals added = operands.optional("residual", residual, count);
        Reals p = operands.reals("pooled", pooled, (long) batch * channels);
        Reals h = operands.reals("hiddenOut", hiddenOut, (long) batch * hidden);
        Reals s = operands.reals("gate", gate, (long) batch * channels);
        Reals out = operands.reals("y", y, count);
        operands.sameOrDisjoint("y", y, "x", x);
        operands.sameOrDisjoint("y", y, "residual", residual);
        for (int n = 0; n < batch; n++) {
            for (int c = 0; c < channels; c++) {
                double sum = 0;
                for (int q = 0; q < spatial; q++) {
                    sum += in.get((n * spatial + q) * channels + c);
                }
                p.set(n * channels + c, sum / spatial);
            }
            for (int j = 0; j < hidden; j++) {
                double sum = b1.get(j);
                for (int c = 0; c < channels; c++) {
                    sum += w1.get(j * channels + c) * p.get(n * channels + c);
                }
                h.set(n * hidden + j, Math.max(sum, 0));
            }
            for (int c = 0; c < channels; c++) {
                double sum = b2.get(c);
                for (int j = 0; j < hidden; j++) {
                    sum += w2.get(c * hidden + j) * h.get(n * hidden + j);
                }
                s.set(n * channels + c, 1 / (1 + Math.exp(-sum)));
            }
            for (int q = 0; q < spatial; q++) {
                for (int c = 0; c < channels; c++) {
                    int i = (n * spatial + q) * channels + c;
                    double z = in.get(i) * s.get(n * channels + c) + (added == null ? 0 : added.get(i));
                    out.set(i, relu ? Math.max(z, 0) : z);
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
        Reals in = operands.reals("x", x, count);
        Reals out = operands.reals("y", y, relu ? count : 0);
        Reals upstream = operands.reals("dy", dy, count);
        Reals w1 = operands.reals("w1", weights.w1(), (long) hidden * channels);
        Reals w2 = operands.reals("w2", weights.w2(), (long) hidden * channels);
        Reals p = operands.reals("pooled", pooled, (long) batch * channels);
        Reals h = operands.reals("hiddenOut", hiddenOut, (long) batch * hidden);
        Reals s = operands.reals("gate", gate, (long) batch * channels);
        Reals gradient = operands.reals("dx", dx, count);
        Reals dw1 = operands.reals("dw1", dWeights.w1(), (long) hidden * channels);
        Reals db1 = operands.reals("db1", dWeights.b1(), hidden);
        Reals dw2 = operands.reals("dw2", dWeights.w2(), (long) hidden * channels);
        Reals db2 = operands.reals("db2", dWeights.b2(), channels);
        Reals residualGradient = operands.optional("dResidual", dResidual, count);
        operands.disjoint("dx", dx, "dy", dy);
        operands.disjoint("dx", dx, "x", x);
        operands.disjoint("dx", dx, "y", y);
        operands.disjoint("dx", dx, "dResidual", dResidual);
        operands.disjoint("dy", dy, "dResidual", dResidual);
        double[] dPreGate = new double[channels];
        double[] dPreHidden = new double[hidden];
        for (int n = 0; n < batch; n++) {
            for (int c = 0; c < channels; c++) {
                double dGate = 0;
                for (int q = 0; q < spatial; q++) {
                    int i = (n * spatial + q) * channels + c;
                    dGate += masked(relu, out, upstream, i) * in.get(i);
                }
                double g = s.get(n * channels + c);
                dPreGate[c] = dGate * g * (1 - g);
                db2.add(c, dPreGate[c]);
            }
            for (int j = 0; j < hidden; j++) {
                double dHidden = 0;
                for (int c = 0; c < channels; c++) {
                    dw2.add(c * hidden + j, dPreGate[c] * h.get(n * hidden + j));
                    dHidden += dPreGate[c] * w2.get(c * hidden + j);
                }
                dPreHidden[j] = h.get(n * hidden + j) > 0 ? dHidden : 0;
                db1.add(j, dPreHidden[j]);
            }
            for (int c = 0; c < channels; c++) {
                double dPooled = 0;
                for (int j = 0; j < hidden; j++) {
                    dw1.add(j * channels + c, dPreHidden[j] * p.get(n * channels + c));
                    dPooled += dPreHidden[j] * w1.get(j * channels + c);
                }
                for (int q = 0; q < spatial; q++) {
                    int i = (n * spatial + q) * channels + c;
                    double dz = masked(relu, out, upstream, i);
                    gradient.put(i, dz * s.get(n * channels + c) + dPooled / spatial, accumulate);
                    if (residualGradient != null) {
                        residualGradient.put(i, dz, accumulateResidual);
                    }
                }
            }
        }
    }

    private static double masked(boolean relu, Reals y, Reals dy, int i) {
        return relu && y.get(i) <= 0 ? 0 : dy.get(i);
    }
}
