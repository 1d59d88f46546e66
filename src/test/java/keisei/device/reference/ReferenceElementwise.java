package keisei.device.reference;

import keisei.device.Activation;
import keisei.device.ElementwiseKernels;
import keisei.device.Slice;

final class ReferenceElementwise implements ElementwiseKernels {
    private final ReferenceDevice device;

    ReferenceElementwise(ReferenceDevice device) {
        this.device = device;
    }

    static double apply(Activation f, double x) {
        return switch (f) {
            case RELU -> x > 0 ? x : 0;
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case TANH -> Math.tanh(x);
        };
    }

    static double derivativeFromOutput(Activation f, double y) {
        return switch (f) {
            case RELU -> y > 0 ? 1 : 0;
            case SIGMOID -> y * (1 - y);
            case TANH -> 1 - y * y;
        };
    }

    @Override
    public void fill(Slice destination, double value) {
        Operand to = device.any(destination, destination.length(), "destination");
        for (int i = 0; i < destination.length(); i++) {
            to.set(i, value);
        }
    }

    @Override
    public void copy(Slice source, Slice destination) {
        ReferenceDevice.sameLength(source, "source", destination, "destination");
        if (source.dtype() != destination.dtype()) {
            throw new IllegalArgumentException("source is %s, destination is %s: the types must be equal"
                    .formatted(source.dtype(), destination.dtype()));
        }
        Operand from = device.any(source, source.length(), "source");
        Operand to = device.any(destination, source.length(), "destination");
        for (int i = 0; i < source.length(); i++) {
            to.set(i, from.get(i));
        }
    }

    @Override
    public void add(Slice a, Slice b, Slice out) {
        ReferenceDevice.sameLength(a, "a", b, "b");
        ReferenceDevice.sameLength(a, "a", out, "out");
        Operand left = device.real(a, a.length(), "a");
        Operand right = device.real(b, a.length(), "b");
        Operand to = device.real(out, a.length(), "out");
        for (int i = 0; i < a.length(); i++) {
            to.set(i, left.get(i) + right.get(i));
        }
    }

    @Override
    public void accumulate(Slice source, Slice destination) {
        ReferenceDevice.sameLength(source, "source", destination, "destination");
        Operand from = device.real(source, source.length(), "source");
        Operand to = device.real(destination, source.length(), "destination");
        for (int i = 0; i < source.length(); i++) {
            to.add(i, from.get(i));
        }
    }

    @Override
    public void scale(Slice x, double factor) {
        Operand to = device.real(x, x.length(), "x");
        for (int i = 0; i < x.length(); i++) {
            to.set(i, to.get(i) * factor);
        }
    }

    @Override
    public void activate(Activation f, Slice x, Slice y) {
        ReferenceDevice.sameLength(x, "x", y, "y");
        Operand from = device.real(x, x.length(), "x");
        Operand to = device.real(y, x.length(), "y");
        for (int i = 0; i < x.length(); i++) {
            to.set(i, apply(f, from.get(i)));
        }
    }

    @Override
    public void activateBackward(Activation f, Slice y, Slice dy, Slice dx, boolean accumulate) {
        ReferenceDevice.sameLength(y, "y", dy, "dy");
        ReferenceDevice.sameLength(y, "y", dx, "dx");
        Operand output = device.real(y, y.length(), "y");
        Operand upstream = device.real(dy, y.length(), "dy");
        Operand to = device.real(dx, y.length(), "dx");
        for (int i = 0; i < y.length(); i++) {
            to.put(i, derivativeFromOutput(f, output.get(i)) * upstream.get(i), accumulate);
        }
    }

    @Override
    public void flattenChannelMajor(int batch, int spatial, int channels, Slice x, Slice y) {
        long count = (long) batch * spatial * channels;
        Operand from = device.real(x, count, "x");
        Operand to = device.real(y, count, "y");
        for (int n = 0; n < batch; n++) {
            for (int p = 0; p < spatial; p++) {
                for (int c = 0; c < channels; c++) {
                    to.set((n * channels + c) * spatial + p, from.get((n * spatial + p) * channels + c));
                }
            }
        }
    }

    @Override
    public void flattenChannelMajorBackward(
            int batch, int spatial, int channels, Slice dy, Slice dx, boolean accumulate) {
        long count = (long) batch * spatial * channels;
        Operand from = device.real(dy, count, "dy");
        Operand to = device.real(dx, count, "dx");
        for (int n = 0; n < batch; n++) {
            for (int p = 0; p < spatial; p++) {
                for (int c = 0; c < channels; c++) {
                    to.put((n * spatial + p) * channels + c, from.get((n * channels + c) * spatial + p), accumulate);
                }
            }
        }
    }
}
