package keisei.device.cpu;

import java.util.Arrays;
import keisei.device.Activation;
import keisei.device.ElementwiseKernels;
import keisei.device.Slice;

/** Element-wise primitives: simple loops, which the compiler turns into vector code by itself. */
final class CpuElementwise implements ElementwiseKernels {
    private static final int ELEMENTS_PER_TASK = 1 << 14;

    private final Operands operands;
    private final Workers workers;
    private final Task addRange = this::addRange;
    private final Task scaleRange = this::scaleRange;
    private final Task activateRange = this::activateRange;
    private final Task activateBackwardRange = this::activateBackwardRange;
    private final Task flattenBoard = this::flattenBoard;
    private final Task unflattenBoard = this::unflattenBoard;

    // The operation in progress.
    private int length;
    private float[] a = Operands.NONE;
    private int ao;
    private float[] b = Operands.NONE;
    private int bo;
    private float[] c = Operands.NONE;
    private int co;
    private float factor;
    private Activation function = Activation.RELU;
    private boolean accumulate;
    private int spatial;
    private int channels;

    CpuElementwise(CpuDevice device, Workers workers) {
        operands = device.operands();
        this.workers = workers;
    }

    private void run(Task task, int length) {
        this.length = length;
        workers.run(task, (length + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK);
    }

    private int end(int chunk) {
        return Math.min(length, (chunk + 1) * ELEMENTS_PER_TASK);
    }

    @Override
    public void fill(Slice destination, double value) {
        CpuBuffer buffer = operands.open("destination", destination, 0);
        int from = destination.offset();
        int to = from + destination.length();
        switch (buffer.dtype()) {
            case F32 -> Arrays.fill(buffer.floats(), from, to, (float) value);
            case I32 -> Arrays.fill(buffer.ints(), from, to, (int) value);
            default -> Arrays.fill(buffer.bytes(), from, to, (byte) (int) value);
        }
    }

    @Override
    public void copy(Slice source, Slice destination) {
        Operands.requireEqualLength("source", source, "destination", destination);
        CpuBuffer from = operands.open("source", source, 0);
        int n = source.length();
        switch (from.dtype()) {
            case F32 -> {
                float[] to = operands.floats("destination", destination, n);
                System.arraycopy(from.floats(), source.offset(), to, destination.offset(), n);
            }
            case I32 -> {
                int[] to = operands.ints("destination", destination, n);
                System.arraycopy(from.ints(), source.offset(), to, destination.offset(), n);
            }
            default -> {
                byte[] to = operands.bytes("destination", destination, n);
                System.arraycopy(from.bytes(), source.offset(), to, destination.offset(), n);
            }
        }
    }

    @Override
    public void add(Slice a, Slice b, Slice out) {
        Operands.requireEqualLength("a", a, "b", b);
        Operands.requireEqualLength("a", a, "out", out);
        this.a = operands.floats("a", a, 0);
        ao = a.offset();
        this.b = operands.floats("b", b, 0);
        bo = b.offset();
        c = operands.floats("out", out, 0);
        co = out.offset();
        run(addRange, a.length());
    }

    private void addRange(int chunk, int worker) {
        int to = end(chunk);
        for (int i = chunk * ELEMENTS_PER_TASK; i < to; i++) {
            c[co + i] = a[ao + i] + b[bo + i];
        }
    }

    @Override
    public void accumulate(Slice source, Slice destination) {
        add(destination, source, destination);
    }

    @Override
    public void scale(Slice x, double factor) {
        a = operands.floats("x", x, 0);
        ao = x.offset();
        this.factor = (float) factor;
        run(scaleRange, x.length());
    }

    private void scaleRange(int chunk, int worker) {
        int to = end(chunk);
        for (int i = chunk * ELEMENTS_PER_TASK; i < to; i++) {
            a[ao + i] *= factor;
        }
    }

    @Override
    public void activate(Activation f, Slice x, Slice y) {
        Operands.requireEqualLength("x", x, "y", y);
        a = operands.floats("x", x, 0);
        ao = x.offset();
        c = operands.floats("y", y, 0);
        co = y.offset();
        function = f;
        run(activateRange, x.length());
    }

    private void activateRange(int chunk, int worker) {
        int from = chunk * ELEMENTS_PER_TASK;
        int to = end(chunk);
        switch (function) {
            case RELU -> {
                for (int i = from; i < to; i++) {
                    float value = a[ao + i];
                    c[co + i] = value <= 0 ? 0 : value;
                }
            }
            case SIGMOID -> {
                for (int i = from; i < to; i++) {
                    c[co + i] = (float) (1 / (1 + Math.exp(-a[ao + i])));
                }
            }
            case TANH -> {
                for (int i = from; i < to; i++) {
                    c[co + i] = (float) Math.tanh(a[ao + i]);
                }
            }
        }
    }

    @Override
    public void activateBackward(Activation f, Slice y, Slice dy, Slice dx, boolean accumulate) {
        Operands.requireEqualLength("y", y, "dy", dy);
        Operands.requireEqualLength("y", y, "dx", dx);
        a = operands.floats("y", y, 0);
        ao = y.offset();
        b = operands.floats("dy", dy, 0);
        bo = dy.offset();
        c = operands.floats("dx", dx, 0);
        co = dx.offset();
        function = f;
        this.accumulate = accumulate;
        run(activateBackwardRange, y.length());
    }

    private void activateBackwardRange(int chunk, int worker) {
        int to = end(chunk);
        for (int i = chunk * ELEMENTS_PER_TASK; i < to; i++) {
            float out = a[ao + i];
            float slope = switch (function) {
                case RELU -> out > 0 ? 1 : 0;
                case SIGMOID -> out * (1 - out);
                case TANH -> 1 - out * out;
            };
            float gradient = slope == 0 ? 0 : slope * b[bo + i];
            c[co + i] = accumulate ? c[co + i] + gradient : gradient;
        }
    }

    private void board(int batch, int spatial, int channels, Slice from, String name, Slice to, String toName) {
        Operands.requireNotNegative("batch", batch);
        Operands.requirePositive("spatial", spatial);
        Operands.requirePositive("channels", channels);
        long size = (long) batch * spatial * channels;
        this.spatial = spatial;
        this.channels = channels;
        a = operands.floats(name, from, size);
        ao = from.offset();
        c = operands.floats(toName, to, size);
        co = to.offset();
    }

    @Override
    public void flattenChannelMajor(int batch, int spatial, int channels, Slice x, Slice y) {
        board(batch, spatial, channels, x, "x", y, "y");
        workers.run(flattenBoard, batch);
    }

    private void flattenBoard(int board, int worker) {
        int start = board * spatial * channels;
        for (int channel = 0; channel < channels; channel++) {
            for (int square = 0; square < spatial; square++) {
                c[co + start + channel * spatial + square] = a[ao + start + square * channels + channel];
            }
        }
    }

    @Override
    public void flattenChannelMajorBackward(
            int batch, int spatial, int channels, Slice dy, Slice dx, boolean accumulate) {
        board(batch, spatial, channels, dy, "dy", dx, "dx");
        this.accumulate = accumulate;
        workers.run(unflattenBoard, batch);
    }

    private void unflattenBoard(int board, int worker) {
        int start = board * spatial * channels;
        for (int square = 0; square < spatial; square++) {
            for (int channel = 0; channel < channels; channel++) {
                int to = co + start + square * channels + channel;
                float value = a[ao + start + channel * spatial + square];
                c[to] = accumulate ? c[to] + value : value;
            }
        }
    }
}
