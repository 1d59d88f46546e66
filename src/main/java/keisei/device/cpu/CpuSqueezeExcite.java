package keisei.device.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import org.jspecify.annotations.Nullable;

/** Squeeze-and-excitation: one board a task, and one row of a weight gradient a task. */
final class CpuSqueezeExcite implements SqueezeExciteKernels {
    private static final VectorSpecies<Float> S = Lanes.SPECIES;
    private static final int L = Lanes.COUNT;

    private final Operands operands;
    private final Workers workers;
    private final float[][] scratch;
    private final float[][] lanes;
    private final Task forwardBoard = this::forwardBoard;
    private final Task backwardBoard = this::backwardBoard;
    private final Task secondLayerRow = this::secondLayerRow;
    private final Task firstLayerRow = this::firstLayerRow;
    private float[] gateGradient = {};
    private float[] hiddenGradient = {};

    // The operation in progress.
    private int batch;
    private int spatial;
    private int channels;
    private int hidden;
    private boolean relu;
    private boolean accumulate;
    private boolean accumulateResidual;
    private float[] x = Operands.NONE;
    private int xo;
    private float[] y = Operands.NONE;
    private int yo;
    private float[] dy = Operands.NONE;
    private int dyo;
    private float[] dx = Operands.NONE;
    private int dxo;
    private float[] residual = Operands.NONE;
    private int residualOffset;
    private float[] w1 = Operands.NONE;
    private int w1o;
    private float[] b1 = Operands.NONE;
    private int b1o;
    private float[] w2 = Operands.NONE;
    private int w2o;
    private float[] b2 = Operands.NONE;
    private int b2o;
    private float[] pooled = Operands.NONE;
    private int pooledOffset;
    private float[] hiddenOut = Operands.NONE;
    private int hiddenOffset;
    private float[] gate = Operands.NONE;
    private int gateOffset;

    CpuSqueezeExcite(CpuDevice device, Workers workers) {
        operands = device.operands();
        this.workers = workers;
        scratch = new float[workers.threads()][0];
        lanes = new float[workers.threads()][L];
    }

    private void shape(int batch, int spatial, int channels, int hidden) {
        Operands.requireNotNegative("batch", batch);
        Operands.requirePositive("spatial", spatial);
        Operands.requirePositive("channels", channels);
        Operands.requirePositive("hidden", hidden);
        this.batch = batch;
        this.spatial = spatial;
        this.channels = channels;
        this.hidden = hidden;
    }

    private void weights(Weights weights) {
        w1 = operands.floats("w1", weights.w1(), (long) hidden * channels);
        w1o = weights.w1().offset();
        b1 = operands.floats("b1", weights.b1(), hidden);
        b1o = weights.b1().offset();
        w2 = operands.floats("w2", weights.w2(), (long) hidden * channels);
        w2o = weights.w2().offset();
        b2 = operands.floats("b2", weights.b2(), channels);
        b2o = weights.b2().offset();
    }

    private void kept(Slice pooled, Slice hiddenOut, Slice gate) {
        this.pooled = operands.floats("pooled", pooled, (long) batch * channels);
        pooledOffset = pooled.offset();
        this.hiddenOut = operands.floats("hiddenOut", hiddenOut, (long) batch * hidden);
        hiddenOffset = hiddenOut.offset();
        this.gate = operands.floats("gate", gate, (long) batch * channels);
        gateOffset = gate.offset();
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
        shape(batch, spatial, channels, hidden);
        long size = (long) batch * spatial * channels;
        this.x = operands.floats("x", x, size);
        xo = x.offset();
        weights(weights);
        this.residual = operands.optionalFloats("residual", residual, size);
        residualOffset = Operands.offset(residual);
        this.relu = relu;
        kept(pooled, hiddenOut, gate);
        this.y = operands.floats("y", y, size);
        yo = y.offset();
        workers.run(forwardBoard, batch);
    }

    private float[] scratch(int worker, int length) {
        scratch[worker] = Lanes.grown(scratch[worker], length + L);
        return scratch[worker];
    }

    private void forwardBoard(int board, int worker) {
        int start = board * spatial * channels;
        int p = pooledOffset + board * channels;
        int h = hiddenOffset + board * hidden;
        int s = gateOffset + board * channels;
        pool(start, p);
        for (int i = 0; i < hidden; i++) {
            float value = b1[b1o + i] + SmallPointwise.dot(channels, pooled, p, w1, w1o + i * channels, lanes[worker]);
            hiddenOut[h + i] = value < 0 ? 0 : value;
        }
        float[] own = scratch(worker, channels);
        for (int c = 0; c < channels; c++) {
            own[c] = b2[b2o + c] + SmallPointwise.dot(hidden, hiddenOut, h, w2, w2o + c * hidden, lanes[worker]);
        }
        VectorMath.sigmoid(own, channels);
        System.arraycopy(own, 0, gate, s, channels);
        boolean addResidual = residual.length != 0;
        for (int square = 0; square < spatial; square++) {
            int at = start + square * channels;
            int c = 0;
            for (; c + L <= channels; c += L) {
                FloatVector value = FloatVector.fromArray(S, x, xo + at + c).mul(FloatVector.fromArray(S, gate, s + c));
                if (addResidual) {
                    value = value.add(FloatVector.fromArray(S, residual, residualOffset + at + c));
                }
                if (relu) {
                    value = value.blend(0f, value.compare(VectorOperators.LT, 0f));
                }
                value.intoArray(y, yo + at + c);
            }
            for (; c < channels; c++) {
                float value = x[xo + at + c] * gate[s + c];
                if (addResidual) {
                    value += residual[residualOffset + at + c];
                }
                y[yo + at + c] = relu && value < 0 ? 0 : value;
            }
        }
    }

    private void pool(int start, int p) {
        int c = 0;
        float share = 1f / spatial;
        for (; c + L <= channels; c += L) {
            FloatVector sum = FloatVector.zero(S);
            for (int square = 0; square < spatial; square++) {
                sum = sum.add(FloatVector.fromArray(S, x, xo + start + square * channels + c));
            }
            sum.mul(share).intoArray(pooled, p + c);
        }
        for (; c < channels; c++) {
            float sum = 0;
            for (int square = 0; square < spatial; square++) {
                sum += x[xo + start + square * channels + c];
            }
            pooled[p + c] = sum * share;
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
        shape(batch, spatial, channels, hidden);
        long size = (long) batch * spatial * channels;
        this.x = operands.floats("x", x, size);
        xo = x.offset();
        this.relu = relu;
        this.y = relu ? operands.floats("y", y, size) : Operands.NONE;
        yo = y.offset();
        this.dy = operands.floats("dy", dy, size);
        dyo = dy.offset();
        weights(weights);
        kept(pooled, hiddenOut, gate);
        this.dx = operands.floats("dx", dx, size);
        dxo = dx.offset();
        this.accumulate = accumulate;
        residual = operands.optionalFloats("dResidual", dResidual, size);
        residualOffset = Operands.offset(dResidual);
        this.accumulateResidual = accumulateResidual;
        gateGradient = Lanes.grown(gateGradient, batch * channels);
        hiddenGradient = Lanes.grown(hiddenGradient, batch * hidden);
        workers.run(backwardBoard, batch);
        weights(dWeights);
        workers.run(secondLayerRow, channels);
        workers.run(firstLayerRow, hidden);
    }

    /** All of one board but the gradients of the weights, whose factors it leaves in the two gradient arrays. */
    private void backwardBoard(int board, int worker) {
        int start = board * spatial * channels;
        int s = gateOffset + board * channels;
        int h = hiddenOffset + board * hidden;
        int dg = board * channels;
        int dh = board * hidden;
        float[] own = scratch(worker, channels);
        Arrays.fill(gateGradient, dg, dg + channels, 0f);
        for (int square = 0; square < spatial; square++) {
            addGateGradient(start + square * channels, dg);
        }
        Arrays.fill(hiddenGradient, dh, dh + hidden, 0f);
        for (int c = 0; c < channels; c++) {
            float g = gate[s + c];
            gateGradient[dg + c] *= g * (1 - g);
            SmallPointwise.addScaled(hidden, gateGradient[dg + c], w2, w2o + c * hidden, hiddenGradient, dh);
        }
        Arrays.fill(own, 0, channels, 0f);
        float share = 1f / spatial;
        for (int i = 0; i < hidden; i++) {
            if (hiddenOut[h + i] <= 0) {
                hiddenGradient[dh + i] = 0;
            }
            SmallPointwise.addScaled(channels, hiddenGradient[dh + i] * share, w1, w1o + i * channels, own, 0);
        }
        for (int square = 0; square < spatial; square++) {
            dataGradient(start + square * channels, s, own);
        }
    }

    /** The gradients of one square's inputs and of its residual; {@code pool} is what comes through the mean. */
    private void dataGradient(int at, int s, float[] pool) {
        boolean wantResidual = residual.length != 0;
        int c = 0;
        for (; c + L <= channels; c += L) {
            FloatVector g = FloatVector.fromArray(S, dy, dyo + at + c);
            if (relu) {
                g = g.blend(0f, FloatVector.fromArray(S, y, yo + at + c).compare(VectorOperators.LE, 0f));
            }
            FloatVector value = g.fma(FloatVector.fromArray(S, gate, s + c), FloatVector.fromArray(S, pool, c));
            if (accumulate) {
                value = value.add(FloatVector.fromArray(S, dx, dxo + at + c));
            }
            value.intoArray(dx, dxo + at + c);
            if (wantResidual) {
                int r = residualOffset + at + c;
                FloatVector through = accumulateResidual ? g.add(FloatVector.fromArray(S, residual, r)) : g;
                through.intoArray(residual, r);
            }
        }
        for (; c < channels; c++) {
            float g = relu && y[yo + at + c] <= 0 ? 0 : dy[dyo + at + c];
            float value = Math.fma(g, gate[s + c], pool[c]);
            dx[dxo + at + c] = accumulate ? dx[dxo + at + c] + value : value;
            if (wantResidual) {
                int r = residualOffset + at + c;
                residual[r] = accumulateResidual ? residual[r] + g : g;
            }
        }
    }

    private void addGateGradient(int at, int to) {
        int c = 0;
        for (; c + L <= channels; c += L) {
            FloatVector g = FloatVector.fromArray(S, dy, dyo + at + c);
            if (relu) {
                g = g.blend(0f, FloatVector.fromArray(S, y, yo + at + c).compare(VectorOperators.LE, 0f));
            }
            g.fma(FloatVector.fromArray(S, x, xo + at + c), FloatVector.fromArray(S, gateGradient, to + c))
                    .intoArray(gateGradient, to + c);
        }
        for (; c < channels; c++) {
            float g = relu && y[yo + at + c] <= 0 ? 0 : dy[dyo + at + c];
            gateGradient[to + c] = Math.fma(g, x[xo + at + c], gateGradient[to + c]);
        }
    }

    private void secondLayerRow(int c, int worker) {
        float bias = 0;
        float[] own = scratch(worker, hidden);
        Arrays.fill(own, 0, hidden, 0f);
        for (int board = 0; board < batch; board++) {
            float g = gateGradient[board * channels + c];
            bias += g;
            SmallPointwise.addScaled(hidden, g, hiddenOut, hiddenOffset + board * hidden, own, 0);
        }
        SmallPointwise.addScaled(hidden, 1f, own, 0, w2, w2o + c * hidden);
        b2[b2o + c] += bias;
    }

    private void firstLayerRow(int i, int worker) {
        float bias = 0;
        float[] own = scratch(worker, channels);
        Arrays.fill(own, 0, channels, 0f);
        for (int board = 0; board < batch; board++) {
            float g = hiddenGradient[board * hidden + i];
            bias += g;
            SmallPointwise.addScaled(channels, g, pooled, pooledOffset + board * channels, own, 0);
        }
        SmallPointwise.addScaled(channels, 1f, own, 0, w1, w1o + i * channels);
        b1[b1o + i] += bias;
    }
}
