package keisei.device.reference;

import keisei.device.Activation;
import keisei.device.DType;
import keisei.device.ElementwiseKernels;
import keisei.device.Slice;

final class ReferenceElementwise implements ElementwiseKernels {
    private final Operands operands;

    ReferenceElementwise(Operands operands) {
        this.operands = operands;
    }

    @Override
    public void fill(Slice destination, double value) {
        ReferenceBuffer buffer = operands.open("destination", destination);
        for (int i = destination.offset(); i < destination.offset() + destination.length(); i++) {
            switch (buffer.dtype()) {
                case F64 -> buffer.reals()[i] = value;
                case F16 -> buffer.reals()[i] = Reals.rounded(value);
                case I32 -> buffer.ints()[i] = (int) value;
                default -> buffer.bytes()[i] = (byte) (int) value;
            }
        }
    }

    @Override
    public void copy(Slice source, Slice destination) {
        ReferenceBuffer from = operands.open("source", source);
        ReferenceBuffer to = operands.open("destination", destination);
        equalLength("source", source, "destination", destination);
        if (from.dtype().isReal() && to.dtype().isReal()) {
            operands.disjoint("destination", destination, "source", source);
            Reals values = operands.reals("source", source, source.length());
            Reals copies = operands.reals("destination", destination, source.length());
            for (int i = 0; i < source.length(); i++) {
                copies.set(i, values.get(i));
            }
            return;
        }
        if (from.dtype() != to.dtype()) {
            throw new IllegalArgumentException("copy from %s to %s".formatted(from.dtype(), to.dtype()));
        }
        operands.disjoint("destination", destination, "source", source);
        Object fromArray = array(from);
        Object toArray = array(to);
        System.arraycopy(fromArray, source.offset(), toArray, destination.offset(), source.length());
    }

    private static Object array(ReferenceBuffer buffer) {
        return buffer.dtype() == DType.I32 ? buffer.ints() : buffer.bytes();
    }

    @Override
    public void add(Slice a, Slice b, Slice out) {
        equalLength("a", a, "b", b);
        equalLength("a", a, "out", out);
        operands.sameOrDisjoint("out", out, "a", a);
        operands.sameOrDisjoint("out", out, "b", b);
        Reals first = operands.reals("a", a, a.length());
        Reals second = operands.reals("b", b, a.length());
        Reals sum = operands.reals("out", out, a.length());
        for (int i = 0; i < a.length(); i++) {
            sum.set(i, first.get(i) + second.get(i));
        }
    }

    @Override
    public void accumulate(Slice source, Slice destination) {
        equalLength("source", source, "destination", destination);
        operands.disjoint("destination", destination, "source", source);
        Reals from = operands.reals("source", source, source.length());
        Reals to = operands.reals("destination", destination, source.length());
        for (int i = 0; i < source.length(); i++) {
            to.add(i, from.get(i));
        }
    }

    @Override
    public void scale(Slice x, double factor) {
        Reals values = operands.reals("x", x, x.length());
        for (int i = 0; i < x.length(); i++) {
            values.set(i, values.get(i) * factor);
        }
    }

    @Override
    public void activate(Activation f, Slice x, Slice y) {
        equalLength("x", x, "y", y);
        operands.sameOrDisjoint("y", y, "x", x);
        Reals in = operands.reals("x", x, x.length());
        Reals out = operands.reals("y", y, x.length());
        for (int i = 0; i < x.length(); i++) {
            double v = in.get(i);
            out.set(
                    i,
                    switch (f) {
                        case RELU -> Math.max(v, 0);
                        case SIGMOID -> 1 / (1 + Math.exp(-v));
                        case TANH -> Math.tanh(v);
                    });
        }
    }

    @Override
    public void activateBackward(Activation f, Slice y, Slice dy, Slice dx, boolean accumulate) {
        equalLength("y", y, "dy", dy);
        equalLength("y", y, "dx", dx);
        operands.disjoint("dx", dx, "y", y);
        if (accumulate) {
            operands.disjoint("dx", dx, "dy", dy);
        } else {
            operands.sameOrDisjoint("dx", dx, "dy", dy);
        }
        Reals out = operands.reals("y", y, y.length());
        Reals upstream = operands.reals("dy", dy, y.length());
        Reals gradient = operands.reals("dx", dx, y.length());
        for (int i = 0; i < y.length(); i++) {
            double v = out.get(i);
            double slope = switch (f) {
                case RELU -> v > 0 ? 1 : 0;
                case SIGMOID -> v * (1 - v);
                case TANH -> 1 - v * v;
            };
            gradient.put(i, slope * upstream.get(i), accumulate);
        }
    }

    @Override
    public void flattenChannelMajor(int batch, int spatial, int channels, Slice x, Slice y) {
        operands.disjoint("y", y, "x", x);
        Reals in = operands.reals("x", x, (long) batch * spatial * channels);
        Reals out = operands.reals("y", y, (long) batch * spatial * channels);
        for (int n = 0; n < batch; n++) {
            for (int s = 0; s < spatial; s++) {
                for (int c = 0; c < channels; c++) {
                    out.set((n * channels + c) * spatial + s, in.get((n * spatial + s) * channels + c));
                }
            }
        }
    }

    @Override
    public void flattenChannelMajorBackward(
            int batch, int spatial, int channels, Slice dy, Slice dx, boolean accumulate) {
        operands.disjoint("dx", dx, "dy", dy);
        Reals upstream = operands.reals("dy", dy, (long) batch * spatial * channels);
        Reals gradient = operands.reals("dx", dx, (long) batch * spatial * channels);
        for (int n = 0; n < batch; n++) {
            for (int s = 0; s < spatial; s++) {
                for (int c = 0; c < channels; c++) {
                    gradient.put(
                            (n * spatial + s) * channels + c,
                            upstream.get((n * channels + c) * spatial + s),
                            accumulate);
                }
            }
        }
    }

    private static void equalLength(String nameA, Slice a, String nameB, Slice b) {
        if (a.length() != b.length()) {
            throw new IllegalArgumentException("operand '%s' has %d elements, operand '%s' has %d: they must be equal"
                    .formatted(nameA, a.length(), nameB, b.length()));
        }
    }
}
