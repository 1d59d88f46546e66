package keisei.device.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** 1x1 convolutions with few output channels (the heads have one or two), straight from the weights {@code [K, C]}. */
final class SmallPointwise {
    /** The most output channels that are faster here than as a matrix product. */
    static final int MOST_OUT_CHANNELS = 4;

    private static final int ROWS_PER_TASK = 256;

    private static final VectorSpecies<Float> S = Lanes.SPECIES;
    private static final int L = Lanes.COUNT;

    private final Workers workers;
    private final Task forwardRows = this::forwardRows;
    private final Task backwardRows = this::backwardRows;
    private final Task gradientRows = this::gradientRows;
    private final float[][] lanes;
    private float[] partialSums = {};

    // The operation in progress.
    private int rows;
    private int in;
    private int out;
    private float[] x = Operands.NONE;
    private int xo;
    private float[] w = Operands.NONE;
    private int wo;
    private float[] y = Operands.NONE;
    private int yo;
    private float[] scale = Operands.NONE;
    private int scaleOffset;
    private float[] shift = Operands.NONE;
    private int shiftOffset;
    private float[] residual = Operands.NONE;
    private int residualOffset;
    private boolean relu;
    private boolean accumulate;

    SmallPointwise(Workers workers) {
        this.workers = workers;
        lanes = new float[workers.threads()][L];
    }

    private static int chunks(int rows) {
        return (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    }

    /** {@code y[rows, out] = f(scale * x[rows, in] w^T + shift + residual)}; {@link Operands#NONE} for what is not. */
    void forward(
            int rows,
            int in,
            int out,
            float[] x,
            int xo,
            float[] w,
            int wo,
            float[] scale,
            int scaleOffset,
            float[] shift,
            int shiftOffset,
            float[] residual,
            int residualOffset,
            boolean relu,
            float[] y,
            int yo) {
        this.rows = rows;
        this.in = in;
        this.out = out;
        this.x = x;
        this.xo = xo;
        this.w = w;
        this.wo = wo;
        this.scale = scale;
        this.scaleOffset = scaleOffset;
        this.shift = shift;
        this.shiftOffset = shiftOffset;
        this.residual = residual;
        this.residualOffset = residualOffset;
        this.relu = relu;
        this.y = y;
        this.yo = yo;
        workers.run(forwardRows, chunks(rows));
    }

    private void forwardRows(int chunk, int worker) {
        int to = Math.min(rows, (chunk + 1) * ROWS_PER_TASK);
        for (int row = chunk * ROWS_PER_TASK; row < to; row++) {
            for (int k = 0; k < out; k++) {
                float value = dot(in, x, xo + row * in, w, wo + k * in, lanes[worker]);
                int at = row * out + k;
                if (scale.length != 0) {
                    value *= scale[scaleOffset + k];
                }
                if (shift.length != 0) {
                    value += shift[shiftOffset + k];
                }
                if (residual.length != 0) {
                    value += residual[residualOffset + at];
                }
                y[yo + at] = relu && value < 0 ? 0 : value;
            }
        }
    }

    /**
     * The sum of {@code a[i] * b[i]} over {@code n} elements. The lanes are added in a fixed order: that of the Vector
     * API's own reduction is undefined and differs between interpreted and compiled code.
     *
     * @param lanes scratch of {@link Lanes#COUNT} elements
     */
    static float dot(int n, float[] a, int ao, float[] b, int bo, float[] lanes) {
        FloatVector sum = FloatVector.zero(S);
        int i = 0;
        for (; i + L <= n; i += L) {
            sum = FloatVector.fromArray(S, a, ao + i).fma(FloatVector.fromArray(S, b, bo + i), sum);
        }
        sum.intoArray(lanes, 0);
        for (int half = L / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] += lanes[lane + half];
            }
        }
        float total = lanes[0];
        for (; i < n; i++) {
            total = Math.fma(a[ao + i], b[bo + i], total);
        }
        return total;
    }

    /** {@code dx[rows, in] (= or +=) dy[rows, out] w}. */
    void gradientOfData(
            int rows,
            int in,
            int out,
            float[] dy,
            int dyo,
            float[] w,
            int wo,
            float[] dx,
            int dxo,
            boolean accumulate) {
        this.rows = rows;
        this.in = in;
        this.out = out;
        this.y = dy;
        this.yo = dyo;
        this.w = w;
        this.wo = wo;
        this.x = dx;
        this.xo = dxo;
        this.accumulate = accumulate;
        workers.run(backwardRows, chunks(rows));
    }

    private void backwardRows(int chunk, int worker) {
        int from = chunk * ROWS_PER_TASK;
        int to = Math.min(rows, from + ROWS_PER_TASK);
        if (!accumulate) {
            Arrays.fill(x, xo + from * in, xo + to * in, 0f);
        }
        for (int row = from; row < to; row++) {
            for (int k = 0; k < out; k++) {
                addScaled(in, y[yo + row * out + k], w, wo + k * in, x, xo + row * in);
            }
        }
    }

    /** {@code b[i] += factor * a[i]} for {@code n} elements. */
    static void addScaled(int n, float factor, float[] a, int ao, float[] b, int bo) {
        FloatVector f = FloatVector.broadcast(S, factor);
        int i = 0;
        for (; i + L <= n; i += L) {
            FloatVector.fromArray(S, a, ao + i)
                    .fma(f, FloatVector.fromArray(S, b, bo + i))
                    .intoArray(b, bo + i);
        }
        for (; i < n; i++) {
            b[bo + i] = Math.fma(a[ao + i], factor, b[bo + i]);
        }
    }

    /** {@code dw[out, in] += dy[rows, out]^T x[rows, in]}. */
    void gradientOfWeights(int rows, int in, int out, float[] x, int xo, float[] dy, int dyo, float[] dw, int dwo) {
        this.rows = rows;
        this.in = in;
        this.out = out;
        this.x = x;
        this.xo = xo;
        this.y = dy;
        this.yo = dyo;
        int size = in * out;
        int chunks = chunks(rows);
        partialSums = Lanes.grown(partialSums, chunks * size);
        workers.run(gradientRows, chunks);
        for (int i = 0; i < size; i++) {
            double sum = 0;
            for (int chunk = 0; chunk < chunks; chunk++) {
                sum += partialSums[chunk * size + i];
            }
            dw[dwo + i] = (float) (dw[dwo + i] + sum);
        }
    }

    private void gradientRows(int chunk, int worker) {
        int from = chunk * ROWS_PER_TASK;
        int to = Math.min(rows, from + ROWS_PER_TASK);
        int start = chunk * in * out;
        Arrays.fill(partialSums, start, start + in * out, 0f);
        for (int row = from; row < to; row++) {
            for (int k = 0; k < out; k++) {
                addScaled(in, y[yo + row * out + k], x, xo + row * in, partialSums, start + k * in);
            }
        }
    }
}
