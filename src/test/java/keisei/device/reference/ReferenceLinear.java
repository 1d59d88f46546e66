package keisei.device.reference;

import keisei.device.LinearKernels;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ReferenceLinear implements LinearKernels {
    private final ReferenceDevice device;
    private final Operands operands;

    ReferenceLinear(ReferenceDevice device, Operands operands) {
        this.device = device;
        this.operands = operands;
    }

    private record Shape(int in, int out) {}

    @Override
    public PreparedWeights prepare(int in, int out, Slice weights) {
        operands.reals("weights", weights, (long) in * out);
        return new ReferenceWeights(device, new Shape(in, out), weights);
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, @Nullable Slice bias, Slice y) {
        ReferenceWeights prepared = (ReferenceWeights) weights;
        Shape shape = (Shape) prepared.shape();
        Reals w = operands.reals("weights", prepared.current(), (long) shape.in * shape.out);
        Reals input = operands.reals("x", x, (long) batch * shape.in);
        Reals b = operands.optional("bias", bias, shape.out);
        Reals output = operands.reals("y", y, (long) batch * shape.out);
        operands.disjoint("y", y, "x", x);
        for (int n = 0; n < batch; n++) {
            for (int o = 0; o < shape.out; o++) {
                double sum = b == null ? 0 : b.get(o);
                for (int i = 0; i < shape.in; i++) {
                    sum += input.get(n * shape.in + i) * w.get(o * shape.in + i);
                }
                output.set(n * shape.out + o, sum);
            }
        }
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        ReferenceWeights prepared = (ReferenceWeights) weights;
        Shape shape = (Shape) prepared.shape();
        Reals w = operands.reals("weights", prepared.current(), (long) shape.in * shape.out);
        Reals upstream = operands.reals("dy", dy, (long) batch * shape.out);
        Reals gradient = operands.reals("dx", dx, (long) batch * shape.in);
        operands.disjoint("dx", dx, "dy", dy);
        for (int n = 0; n < batch; n++) {
            for (int i = 0; i < shape.in; i++) {
                double sum = 0;
                for (int o = 0; o < shape.out; o++) {
                    sum += upstream.get(n * shape.out + o) * w.get(o * shape.in + i);
                }
                gradient.put(n * shape.in + i, sum, accumulate);
            }
        }
    }

    @Override
    public void backwardWeights(int in, int out, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        Reals input = operands.reals("x", x, (long) batch * in);
        Reals upstream = operands.reals("dy", dy, (long) batch * out);
        Reals gradient = operands.reals("dw", dw, (long) in * out);
        Reals biasGradient = operands.optional("dbias", dbias, out);
        operands.disjoint("dw", dw, "x", x);
        operands.disjoint("dw", dw, "dy", dy);
        for (int n = 0; n < batch; n++) {
            for (int o = 0; o < out; o++) {
                double d = upstream.get(n * out + o);
                for (int i = 0; i < in; i++) {
                    gradient.add(o * in + i, d * input.get(n * in + i));
                }
                if (biasGradient != null) {
                    biasGradient.add(o, d);
                }
            }
        }
    }
}
