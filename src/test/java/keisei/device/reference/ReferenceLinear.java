package keisei.device.reference;

import keisei.device.LinearKernels;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ReferenceLinear implements LinearKernels {
    private final ReferenceDevice device;

    ReferenceLinear(ReferenceDevice device) {
        this.device = device;
    }

    private record Shape(int in, int out) {}

    @Override
    public PreparedWeights prepare(int in, int out, Slice weights) {
        return new ReferenceWeights<>(device, new Shape(in, out), Math.multiplyExact(in, out), weights);
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, @Nullable Slice bias, Slice y) {
        ReferenceWeights<Shape> own = ReferenceWeights.of(weights, device, Shape.class);
        int in = own.shape().in();
        int out = own.shape().out();
        Operand matrix = own.read();
        Operand input = device.real(x, (long) batch * in, "x");
        Operand offset = bias == null ? null : device.real(bias, out, "bias");
        Operand output = device.real(y, (long) batch * out, "y");
        for (int n = 0; n < batch; n++) {
            for (int o = 0; o < out; o++) {
                double sum = offset == null ? 0 : offset.get(o);
                for (int i = 0; i < in; i++) {
                    sum += input.get(n * in + i) * matrix.get(o * in + i);
                }
                output.set(n * out + o, sum);
            }
        }
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        ReferenceWeights<Shape> own = ReferenceWeights.of(weights, device, Shape.class);
        int in = own.shape().in();
        int out = own.shape().out();
        Operand matrix = own.read();
        Operand upstream = device.real(dy, (long) batch * out, "dy");
        Operand gradient = device.real(dx, (long) batch * in, "dx");
        for (int n = 0; n < batch; n++) {
            for (int i = 0; i < in; i++) {
                double sum = 0;
                for (int o = 0; o < out; o++) {
                    sum += upstream.get(n * out + o) * matrix.get(o * in + i);
                }
                gradient.put(n * in + i, sum, accumulate);
            }
        }
    }

    @Override
    public void backwardWeights(int in, int out, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        Operand input = device.real(x, (long) batch * in, "x");
        Operand upstream = device.real(dy, (long) batch * out, "dy");
        Operand gradient = device.real(dw, (long) out * in, "dw");
        for (int n = 0; n < batch; n++) {
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    gradient.add(o * in + i, upstream.get(n * out + o) * input.get(n * in + i));
                }
            }
        }
        if (dbias != null) {
            Operand bias = device.real(dbias, out, "dbias");
            for (int i = 0; i < batch * out; i++) {
                bias.add(i % out, upstream.get(i));
            }
        }
    }
}
