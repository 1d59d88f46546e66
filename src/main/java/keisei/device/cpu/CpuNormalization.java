package keisei.device.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import keisei.device.NormalizationKernels;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * Batch normalisation. Sums over rows are taken in float32 over chunks of rows that depend on the shape alone, and in
 * float64 over the chunks. The variance is the corrected two-pass one (Chan, Golub and LeVeque 1983), and the mean is
 * refined in the second pass.
 */
final class CpuNormalization implements NormalizationKernels {
    private static final int ROWS_PER_CHUNK = 128;

    private static final VectorSpecies<Float> S = Lanes.SPECIES;
    private static final int L = Lanes.COUNT;

    private final Operands operands;
    private final Workers workers;
    private final Task sumRows = this::sumRows;
    private final Task forwardRows = this::forwardRows;
    private final Task gradientSums = this::gradientSums;
    private final Task backwardRows = this::backwardRows;
    private float[] firstSums = {};
    private float[] secondSums = {};
    private float[] centre = {};
    private float[] factor = {};
    private float[] meanGradient = {};
    private float[] meanProduct = {};

    // The operation in progress.
    private int rows;
    private int channels;
    private boolean batchStatistics;
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
    private float[] beta = Operands.NONE;
    private int betaOffset;
    private float[] residual = Operands.NONE;
    private int residualOffset;

    CpuNormalization(CpuDevice device, Workers workers) {
        operands = device.operands();
        this.workers = workers;
    }

    private void shape(int rows, int channels) {
        Operands.requirePositive("rows", rows);
        Operands.requirePositive("channels", channels);
        this.rows = rows;
        this.channels = channels;
        centre = Lanes.grown(centre, channels);
        factor = Lanes.grown(factor, channels);
        meanGradient = Lanes.grown(meanGradient, channels);
        meanProduct = Lanes.grown(meanProduct, channels);
    }

    private int chunks() {
        return (rows + ROWS_PER_CHUNK - 1) / ROWS_PER_CHUNK;
    }

    private double sum(float[] partial, int channel) {
        double sum = 0;
        int chunks = chunks();
        for (int chunk = 0; chunk < chunks; chunk++) {
            sum += partial[chunk * channels + channel];
        }
        return sum;
    }

    @Override
    public void statistics(int rows, int channels, Slice x, Slice mean, Slice variance) {
        shape(rows, channels);
        this.x = operands.floats("x", x, (long) rows * channels);
        xo = x.offset();
        float[] means = operands.floats("mean", mean, channels);
        float[] variances = operands.floats("variance", variance, channels);
        firstSums = Lanes.grown(firstSums, chunks() * channels);
        secondSums = Lanes.grown(secondSums, chunks() * channels);
        Arrays.fill(centre, 0, channels, 0f);
        workers.run(sumRows, chunks());
        for (int c = 0; c < channels; c++) {
            centre[c] = (float) (sum(firstSums, c) / rows);
        }
        workers.run(sumRows, chunks());
        for (int c = 0; c < channels; c++) {
            double correction = sum(firstSums, c) / rows;
            means[mean.offset() + c] = (float) (centre[c] + correction);
            variances[variance.offset() + c] = (float) Math.max(0, sum(secondSums, c) / rows - correction * correction);
        }
    }

    /** Sums of {@code x - centre} and of its square over one chunk of rows. */
    private void sumRows(int chunk, int worker) {
        int from = chunk * ROWS_PER_CHUNK;
        int to = Math.min(rows, from + ROWS_PER_CHUNK);
        int start = chunk * channels;
        int c = 0;
        for (; c + L <= channels; c += L) {
            FloatVector middle = FloatVector.fromArray(S, centre, c);
            FloatVector sum = FloatVector.zero(S);
            FloatVector squares = FloatVector.zero(S);
            for (int row = from; row < to; row++) {
                FloatVector d =
                        FloatVector.fromArray(S, x, xo + row * channels + c).sub(middle);
                sum = sum.add(d);
                squares = d.fma(d, squares);
            }
            sum.intoArray(firstSums, start + c);
            squares.intoArray(secondSums, start + c);
        }
        for (; c < channels; c++) {
            float sum = 0;
            float squares = 0;
            for (int row = from; row < to; row++) {
                float d = x[xo + row * channels + c] - centre[c];
                sum += d;
                squares = Math.fma(d, d, squares);
            }
            firstSums[start + c] = sum;
            secondSums[start + c] = squares;
        }
    }

    @Override
    public void inverseDeviation(Slice variance, double epsilon, Slice invStd) {
        Operands.requireEqualLength("variance", variance, "invStd", invStd);
        float[] variances = operands.floats("variance", variance, 0);
        float[] out = operands.floats("invStd", invStd, 0);
        for (int c = 0; c < variance.length(); c++) {
            out[invStd.offset() + c] = (float) (1 / Math.sqrt(variances[variance.offset() + c] + epsilon));
        }
    }

    @Override
    public void updateRunning(
            int rows, double momentum, Slice mean, Slice variance, Slice runningMean, Slice runningVariance) {
        Operands.requirePositive("rows", rows);
        Operands.requireEqualLength("mean", mean, "variance", variance);
        Operands.requireEqualLength("mean", mean, "runningMean", runningMean);
        Operands.requireEqualLength("mean", mean, "runningVariance", runningVariance);
        double bessel = rows > 1 ? rows / (rows - 1.0) : 1;
        blend(momentum, operands.floats("mean", mean, 0), mean, 1, runningMean, "runningMean");
        blend(momentum, operands.floats("variance", variance, 0), variance, bessel, runningVariance, "runningVariance");
    }

    private void blend(double momentum, float[] from, Slice source, double scale, Slice running, String name) {
        float[] to = operands.floats(name, running, 0);
        for (int c = 0; c < running.length(); c++) {
            int at = running.offset() + c;
            to[at] = (float) ((1 - momentum) * to[at] + momentum * scale * from[source.offset() + c]);
        }
    }

    @Override
    public void forward(
            int rows,
            int channels,
            Slice x,
            Slice mean,
            Slice invStd,
            Slice gamma,
            Slice beta,
            @Nullable Slice residual,
            boolean relu,
            Slice y) {
        shape(rows, channels);
        long size = (long) rows * channels;
        this.x = operands.floats("x", x, size);
        xo = x.offset();
        this.beta = operands.floats("beta", beta, channels);
        betaOffset = beta.offset();
        this.residual = operands.optionalFloats("residual", residual, size);
        residualOffset = Operands.offset(residual);
        this.y = operands.floats("y", y, size);
        yo = y.offset();
        this.relu = relu;
        constants(mean, invStd, gamma);
        workers.run(forwardRows, chunks());
    }

    /** Puts the mean into {@code centre} and gamma * invStd into {@code factor}. */
    private void constants(Slice mean, Slice invStd, Slice gamma) {
        float[] means = operands.floats("mean", mean, channels);
        float[] deviations = operands.floats("invStd", invStd, channels);
        float[] gammas = operands.floats("gamma", gamma, channels);
        for (int c = 0; c < channels; c++) {
            centre[c] = means[mean.offset() + c];
            factor[c] = gammas[gamma.offset() + c] * deviations[invStd.offset() + c];
        }
    }

    private void forwardRows(int chunk, int worker) {
        int to = Math.min(rows, (chunk + 1) * ROWS_PER_CHUNK);
        boolean addResidual = residual.length != 0;
        for (int row = chunk * ROWS_PER_CHUNK; row < to; row++) {
            int at = row * channels;
            int c = 0;
            for (; c + L <= channels; c += L) {
                FloatVector value = FloatVector.fromArray(S, x, xo + at + c)
                        .sub(FloatVector.fromArray(S, centre, c))
                        .fma(FloatVector.fromArray(S, factor, c), FloatVector.fromArray(S, beta, betaOffset + c));
                if (addResidual) {
                    value = value.add(FloatVector.fromArray(S, residual, residualOffset + at + c));
                }
                if (relu) {
                    value = value.blend(0f, value.compare(VectorOperators.LT, 0f));
                }
                value.intoArray(y, yo + at + c);
            }
            for (; c < channels; c++) {
                float value = Math.fma(x[xo + at + c] - centre[c], factor[c], beta[betaOffset + c]);
                if (addResidual) {
                    value += residual[residualOffset + at + c];
                }
                y[yo + at + c] = relu && value < 0 ? 0 : value;
            }
        }
    }

    @Override
    public void backward(
            int rows,
            int channels,
            boolean batchStatistics,
            Slice x,
            Slice y,
            Slice dy,
            Slice mean,
            Slice invStd,
            Slice gamma,
            boolean relu,
            Slice dx,
            boolean accumulate,
            Slice dGamma,
            Slice dBeta,
            @Nullable Slice dResidual,
            boolean accumulateResidual) {
        shape(rows, channels);
        long size = (long) rows * channels;
        this.batchStatistics = batchStatistics;
        this.x = operands.floats("x", x, size);
        xo = x.offset();
        this.relu = relu;
        this.y = relu ? operands.floats("y", y, size) : Operands.NONE;
        yo = y.offset();
        this.dy = operands.floats("dy", dy, size);
        dyo = dy.offset();
        this.dx = operands.floats("dx", dx, size);
        dxo = dx.offset();
        this.accumulate = accumulate;
        residual = operands.optionalFloats("dResidual", dResidual, size);
        residualOffset = Operands.offset(dResidual);
        this.accumulateResidual = accumulateResidual;
        float[] dGammas = operands.floats("dGamma", dGamma, channels);
        float[] dBetas = operands.floats("dBeta", dBeta, channels);
        float[] deviations = operands.floats("invStd", invStd, channels);
        constants(mean, invStd, gamma);
        firstSums = Lanes.grown(firstSums, chunks() * channels);
        secondSums = Lanes.grown(secondSums, chunks() * channels);
        workers.run(gradientSums, chunks());
        for (int c = 0; c < channels; c++) {
            double deviation = deviations[invStd.offset() + c];
            double gradient = sum(firstSums, c);
            double product = sum(secondSums, c) * deviation;
            int g = dGamma.offset() + c;
            int b = dBeta.offset() + c;
            dGammas[g] = (float) (dGammas[g] + product);
            dBetas[b] = (float) (dBetas[b] + gradient);
            meanGradient[c] = (float) (gradient / rows);
            meanProduct[c] = (float) (product / rows * deviation);
        }
        workers.run(backwardRows, chunks());
    }

    /** Sums of the gradient behind the ReLU, and of its product with {@code x - mean}, over one chunk of rows. */
    private void gradientSums(int chunk, int worker) {
        int from = chunk * ROWS_PER_CHUNK;
        int to = Math.min(rows, from + ROWS_PER_CHUNK);
        int start = chunk * channels;
        int c = 0;
        for (; c + L <= channels; c += L) {
            FloatVector middle = FloatVector.fromArray(S, centre, c);
            FloatVector sum = FloatVector.zero(S);
            FloatVector products = FloatVector.zero(S);
            for (int row = from; row < to; row++) {
                int at = row * channels + c;
                FloatVector g = FloatVector.fromArray(S, dy, dyo + at);
                if (relu) {
                    VectorMask<Float> off = FloatVector.fromArray(S, y, yo + at).compare(VectorOperators.LE, 0f);
                    g = g.blend(0f, off);
                }
                sum = sum.add(g);
                products = FloatVector.fromArray(S, x, xo + at).sub(middle).fma(g, products);
            }
            sum.intoArray(firstSums, start + c);
            products.intoArray(secondSums, start + c);
        }
        for (; c < channels; c++) {
            float sum = 0;
            float products = 0;
            for (int row = from; row < to; row++) {
                int at = row * channels + c;
                float g = relu && y[yo + at] <= 0 ? 0 : dy[dyo + at];
                sum += g;
                products = Math.fma(x[xo + at] - centre[c], g, products);
            }
            firstSums[start + c] = sum;
            secondSums[start + c] = products;
        }
    }

    private void backwardRows(int chunk, int worker) {
        int to = Math.min(rows, (chunk + 1) * ROWS_PER_CHUNK);
        boolean wantResidual = residual.length != 0;
        for (int row = chunk * ROWS_PER_CHUNK; row < to; row++) {
            int at = row * channels;
            int c = 0;
            for (; c + L <= channels; c += L) {
                FloatVector g = FloatVector.fromArray(S, dy, dyo + at + c);
                if (relu) {
                    VectorMask<Float> off =
                            FloatVector.fromArray(S, y, yo + at + c).compare(VectorOperators.LE, 0f);
                    g = g.blend(0f, off);
                }
                if (wantResidual) {
                    int r = residualOffset + at + c;
                    FloatVector through = accumulateResidual ? g.add(FloatVector.fromArray(S, residual, r)) : g;
                    through.intoArray(residual, r);
                }
                if (batchStatistics) {
                    FloatVector d = FloatVector.fromArray(S, x, xo + at + c).sub(FloatVector.fromArray(S, centre, c));
                    g = g.sub(FloatVector.fromArray(S, meanGradient, c))
                            .sub(d.mul(FloatVector.fromArray(S, meanProduct, c)));
                }
                g = g.mul(FloatVector.fromArray(S, factor, c));
                if (accumulate) {
                    g = g.add(FloatVector.fromArray(S, dx, dxo + at + c));
                }
                g.intoArray(dx, dxo + at + c);
            }
            for (; c < channels; c++) {
                float g = relu && y[yo + at + c] <= 0 ? 0 : dy[dyo + at + c];
                if (wantResidual) {
                    int r = residualOffset + at + c;
                    residual[r] = accumulateResidual ? residual[r] + g : g;
                }
                if (batchStatistics) {
                    g = g - meanGradient[c] - (x[xo + at + c] - centre[c]) * meanProduct[c];
                }
                g *= factor[c];
                dx[dxo + at + c] = accumulate ? dx[dxo + at + c] + g : g;
            }
        }
    }

    @Override
    public void fold(
            double epsilon,
            Slice gamma,
            Slice beta,
            Slice mean,
            Slice variance,
            @Nullable Slice bias,
            Slice scale,
            Slice shift) {
        int count = gamma.length();
        float[] gammas = operands.floats("gamma", gamma, count);
        float[] betas = operands.floats("beta", beta, count);
        float[] means = operands.floats("mean", mean, count);
        float[] variances = operands.floats("variance", variance, count);
        float[] biases = operands.optionalFloats("bias", bias, count);
        float[] scales = operands.floats("scale", scale, count);
        float[] shifts = operands.floats("shift", shift, count);
        int biasOffset = Operands.offset(bias);
        for (int c = 0; c < count; c++) {
            double deviation = Math.sqrt(variances[variance.offset() + c] + epsilon);
            double factor = gammas[gamma.offset() + c] / deviation;
            double before = (bias == null ? 0 : biases[biasOffset + c]) - (double) means[mean.offset() + c];
            scales[scale.offset() + c] = (float) factor;
            shifts[shift.offset() + c] = (float) (betas[beta.offset() + c] + before * factor);
        }
    }
}
