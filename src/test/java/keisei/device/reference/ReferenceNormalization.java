package keisei.device.reference;

import keisei.device.NormalizationKernels;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ReferenceNormalization implements NormalizationKernels {
    private final Operands operands;

    ReferenceNormalization(Operands operands) {
        this.operands = operands;
    }

    @Override
    public void statistics(int rows, int channels, Slice x, Slice mean, Slice variance) {
        Reals in = operands.reals("x", x, (long) rows * channels);
        Reals means = operands.reals("mean", mean, channels);
        Reals variances = operands.reals("variance", variance, channels);
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            for (int r = 0; r < rows; r++) {
                sum += in.get(r * channels + c);
            }
            double average = sum / rows;
            double squares = 0;
            for (int r = 0; r < rows; r++) {
                double deviation = in.get(r * channels + c) - average;
                squares += deviation * deviation;
            }
            means.set(c, average);
            variances.set(c, squares / rows);
        }
    }

    @Override
    public void inverseDeviation(Slice variance, double epsilon, Slice invStd) {
        Reals in = operands.reals("variance", variance, variance.length());
        Reals out = operands.reals("invStd", invStd, variance.length());
        for (int c = 0; c < variance.length(); c++) {
            out.set(c, 1 / Math.sqrt(in.get(c) + epsilon));
        }
    }

    @Override
    public void updateRunning(
            int rows, double momentum, Slice mean, Slice variance, Slice runningMean, Slice runningVariance) {
        int channels = mean.length();
        Reals means = operands.reals("mean", mean, channels);
        Reals variances = operands.reals("variance", variance, channels);
        Reals runningMeans = operands.reals("runningMean", runningMean, channels);
        Reals runningVariances = operands.reals("runningVariance", runningVariance, channels);
        double bessel = rows > 1 ? rows / (rows - 1.0) : 1;
        for (int c = 0; c < channels; c++) {
            runningMeans.set(c, (1 - momentum) * runningMeans.get(c) + momentum * means.get(c));
            runningVariances.set(c, (1 - momentum) * runningVariances.get(c) + momentum * bessel * variances.get(c));
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
        long count = (long) rows * channels;
        Reals in = operands.reals("x", x, count);
        Reals means = operands.reals("mean", mean, channels);
        Reals inverse = operands.reals("invStd", invStd, channels);
        Reals gammas = operands.reals("gamma", gamma, channels);
        Reals betas = operands.reals("beta", beta, channels);
        Reals added = operands.optional("residual", residual, count);
        Reals out = operands.reals("y", y, count);
        operands.sameOrDisjoint("y", y, "x", x);
        operands.sameOrDisjoint("y", y, "residual", residual);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < channels; c++) {
                int i = r * channels + c;
                double z = gammas.get(c) * (in.get(i) - means.get(c)) * inverse.get(c)
                        + betas.get(c)
                        + (added == null ? 0 : added.get(i));
                out.set(i, relu ? Math.max(z, 0) : z);
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
        long count = (long) rows * channels;
        Reals in = operands.reals("x", x, count);
        Reals out = operands.reals("y", y, relu ? count : 0);
        Reals upstream = operands.reals("dy", dy, count);
        Reals means = operands.reals("mean", mean, channels);
        Reals inverse = operands.reals("invStd", invStd, channels);
        Reals gammas = operands.reals("gamma", gamma, channels);
        Reals gradient = operands.reals("dx", dx, count);
        Reals gammaGradient = operands.reals("dGamma", dGamma, channels);
        Reals betaGradient = operands.reals("dBeta", dBeta, channels);
        Reals residualGradient = operands.optional("dResidual", dResidual, count);
        operands.disjoint("dx", dx, "dy", dy);
        operands.disjoint("dx", dx, "x", x);
        operands.disjoint("dx", dx, "y", y);
        operands.disjoint("dx", dx, "dResidual", dResidual);
        operands.disjoint("dy", dy, "dResidual", dResidual);
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            double sumNormalized = 0;
            for (int r = 0; r < rows; r++) {
                int i = r * channels + c;
                double dz = relu && out.get(i) <= 0 ? 0 : upstream.get(i);
                sum += dz;
                sumNormalized += dz * (in.get(i) - means.get(c)) * inverse.get(c);
            }
            for (int r = 0; r < rows; r++) {
                int i = r * channels + c;
                double dz = relu && out.get(i) <= 0 ? 0 : upstream.get(i);
                double normalized = (in.get(i) - means.get(c)) * inverse.get(c);
                double centred = batchStatistics ? dz - sum / rows - normalized * sumNormalized / rows : dz;
                gradient.put(i, gammas.get(c) * inverse.get(c) * centred, accumulate);
                if (residualGradient != null) {
                    residualGradient.put(i, dz, accumulateResidual);
                }
            }
            betaGradient.add(c, sum);
            gammaGradient.add(c, sumNormalized);
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
        int channels = gamma.length();
        Reals gammas = operands.reals("gamma", gamma, channels);
        Reals betas = operands.reals("beta", beta, channels);
        Reals means = operands.reals("mean", mean, channels);
        Reals variances = operands.reals("variance", variance, channels);
        Reals biases = operands.optional("bias", bias, channels);
        Reals scales = operands.reals("scale", scale, channels);
        Reals shifts = operands.reals("shift", shift, channels);
        for (int c = 0; c < channels; c++) {
            double factor = gammas.get(c) / Math.sqrt(variances.get(c) + epsilon);
            scales.set(c, factor);
            shifts.set(c, betas.get(c) + ((biases == null ? 0 : biases.get(c)) - means.get(c)) * factor);
        }
    }
}
