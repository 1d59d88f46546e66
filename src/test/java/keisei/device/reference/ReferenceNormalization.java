package keisei.device.reference;

import keisei.device.NormalizationKernels;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

final class ReferenceNormalization implements NormalizationKernels {
    private final ReferenceDevice device;

    ReferenceNormalization(ReferenceDevice device) {
        this.device = device;
    }

    @Override
    public void statistics(int rows, int channels, Slice x, Slice mean, Slice variance) {
        Operand input = device.real(x, (long) rows * channels, "x");
        Operand means = device.real(mean, channels, "mean");
        Operand variances = device.real(variance, channels, "variance");
        for (int c = 0; c < channels; c++) {
            double sum = 0;
            for (int r = 0; r < rows; r++) {
                sum += input.get(r * channels + c);
            }
            double average = sum / rows;
            double squares = 0;
            for (int r = 0; r < rows; r++) {
                double deviation = input.get(r * channels + c) - average;
                squares += deviation * deviation;
            }
            means.set(c, average);
            variances.set(c, squares / rows);
        }
    }

    @Override
    public void inverseDeviation(Slice variance, double epsilon, Slice invStd) {
        ReferenceDevice.sameLength(variance, "variance", invStd, "invStd");
        Operand from = device.real(variance, variance.length(), "variance");
        Operand to = device.real(invStd, variance.length(), "invStd");
        for (int c = 0; c < variance.length(); c++) {
            to.set(c, 1 / Math.sqrt(from.get(c) + epsilon));
        }
    }

    @Override
    public void updateRunning(
            int rows, double momentum, Slice mean, Slice variance, Slice runningMean, Slice runningVariance) {
        int channels = mean.length();
        ReferenceDevice.sameLength(mean, "mean", variance, "variance");
        ReferenceDevice.sameLength(mean, "mean", runningMean, "runningMean");
        ReferenceDevice.sameLength(mean, "mean", runningVariance, "runningVariance");
        Operand means = device.real(mean, channels, "mean");
        Operand variances = device.real(variance, channels, "variance");
        Operand runningMeans = device.real(runningMean, channels, "runningMean");
        Operand runningVariances = device.real(runningVariance, channels, "runningVariance");
        double bessel = rows > 1 ? (double) rows / (rows - 1) : 1;
        for (int c = 0; c < channels; c++) {
            runningMeans.set(c, (1 - momentum) * runningMeans.get(c) + momentum * means.get(c));
            runningVariances.set(c, (1 - momentum) * runningVariances.get(c) + momentum * variances.get(c) * bessel);
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
        Operand input = device.real(x, count, "x");
        Operand means = device.real(mean, channels, "mean");
        Operand invStds = device.real(invStd, channels, "invStd");
        Operand gammas = device.real(gamma, channels, "gamma");
        Operand betas = device.real(beta, channels, "beta");
        Operand side = residual == null ? null : device.real(residual, count, "residual");
        Operand output = device.real(y, count, "y");
        for (int i = 0; i < rows * channels; i++) {
            int c = i % channels;
            double value = gammas.get(c) * (input.get(i) - means.get(c)) * invStds.get(c)
                    + betas.get(c)
                    + (side == null ? 0 : side.get(i));
            output.set(i, relu && !(value > 0) ? 0 : value);
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
        Operand input = device.real(x, count, "x");
        Operand output = relu ? device.real(y, count, "y") : null;
        Operand upstream = device.real(dy, count, "dy");
        Operand means = device.real(mean, channels, "mean");
        Operand invStds = device.real(invStd, channels, "invStd");
        Operand gammas = device.real(gamma, channels, "gamma");
        Operand gradient = device.real(dx, count, "dx");
        Operand gammaGradient = device.real(dGamma, channels, "dGamma");
        Operand betaGradient = device.real(dBeta, channels, "dBeta");
        Operand side = dResidual == null ? null : device.real(dResidual, count, "dResidual");
        for (int c = 0; c < channels; c++) {
            double sum = 0; // of g = dy through the ReLU
            double weighted = 0; // of g * xhat
            for (int r = 0; r < rows; r++) {
                int i = r * channels + c;
                double g = output == null || output.get(i) > 0 ? upstream.get(i) : 0;
                sum += g;
                weighted += g * (input.get(i) - means.get(c)) * invStds.get(c);
            }
            for (int r = 0; r < rows; r++) {
                int i = r * channels + c;
                double g = output == null || output.get(i) > 0 ? upstream.get(i) : 0;
                double normalized = (input.get(i) - means.get(c)) * invStds.get(c);
                double throughStatistics = batchStatistics ? (sum + normalized * weighted) / rows : 0;
                gradient.put(i, gammas.get(c) * invStds.get(c) * (g - throughStatistics), accumulate);
                if (side != null) {
                    side.put(i, g, accumulateResidual);
                }
            }
            gammaGradient.add(c, weighted);
            betaGradient.add(c, sum);
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
        Operand gammas = device.real(gamma, channels, "gamma");
        Operand betas = device.real(beta, channels, "beta");
        Operand means = device.real(mean, channels, "mean");
        Operand variances = device.real(variance, channels, "variance");
        Operand biases = bias == null ? null : device.real(bias, channels, "bias");
        Operand scales = device.real(scale, channels, "scale");
        Operand shifts = device.real(shift, channels, "shift");
        for (int c = 0; c < channels; c++) {
            double factor = gammas.get(c) / Math.sqrt(variances.get(c) + epsilon);
            scales.set(c, factor);
            shifts.set(c, betas.get(c) + ((biases == null ? 0 : biases.get(c)) - means.get(c)) * factor);
        }
    }
}
