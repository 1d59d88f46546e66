package keisei.device.cuda;

import keisei.device.DType;
import keisei.device.NormalizationKernels;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** Batch normalisation: activations F32 or F16, all of one type, statistics and parameters F32. */
final class CudaNormalization implements NormalizationKernels, AutoCloseable {
    private static final String FORWARD = "normalization";
    private static final String BACKWARD = "normalization_backward";

    /** Channels of a block of the kernels that combine chunks. */
    private static final int COMBINED_CHANNELS = 32;

    private final CudaOperands operands;
    private final CudaWorkspace workspace;
    private final RealKernel chunkStatistics;
    private final RealKernel statistics;
    private final LazyKernel inverseDeviation;
    private final LazyKernel updateRunning;
    private final LazyKernel fold;
    private final RealKernel forward;
    private final RealKernel gradientSums;
    private final LazyKernel gradients;
    private final RealKernel dataGradient;
    private final RealKernel constantGradient;

    CudaNormalization(CudaRuntime runtime) {
        operands = runtime.operands();
        workspace = new CudaWorkspace(runtime.memory(), "workspace of batch normalisation");
        CudaModules modules = runtime.modules();
        chunkStatistics = new RealKernel(modules, FORWARD, "batch_norm_chunk_statistics");
        statistics = new RealKernel(modules, FORWARD, "batch_norm_statistics");
        inverseDeviation = new LazyKernel(modules, FORWARD, "batch_norm_inverse_deviation");
        updateRunning = new LazyKernel(modules, FORWARD, "batch_norm_update_running");
        fold = new LazyKernel(modules, FORWARD, "batch_norm_fold");
        forward = new RealKernel(modules, FORWARD, "batch_norm_forward");
        gradientSums = new RealKernel(modules, BACKWARD, "batch_norm_gradient_sums");
        gradients = new LazyKernel(modules, BACKWARD, "batch_norm_gradients");
        dataGradient = new RealKernel(modules, BACKWARD, "batch_norm_data_gradient");
        constantGradient = new RealKernel(modules, BACKWARD, "batch_norm_constant_gradient");
    }

    private static void requireShape(int rows, int channels) {
        CudaOperands.requirePositive("rows", rows);
        CudaOperands.requirePositive("channels", channels);
    }

    private static void launchChannels(CudaKernel kernel, int channels) {
        kernel.launch(LaunchShape.threads(channels), 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void statistics(int rows, int channels, Slice x, Slice mean, Slice variance) {
        requireShape(rows, channels);
        long input = operands.reals("x", x, (long) rows * channels);
        long means = operands.floats("mean", mean, channels);
        long variances = operands.floats("variance", variance, channels);
        int chunks = LaunchShape.chunks(rows, channels, x.dtype());
        long partial = (long) chunks * channels;
        workspace.begin(2 * partial, 2);
        long chunkMeans = workspace.take(partial);
        long chunkSquares = workspace.take(partial);
        CudaKernel first = chunkStatistics.of(x).integer(rows).integer(channels).address(input);
        first.address(chunkMeans).address(chunkSquares);
        first.launch(chunks, LaunchShape.channelTiles(channels, x.dtype()), LaunchShape.THREADS, 0);
        CudaKernel second = statistics.of(x).integer(chunks).integer(rows).integer(channels);
        second.address(input)
                .address(chunkMeans)
                .address(chunkSquares)
                .address(means)
                .address(variances);
        second.launch(Math.ceilDiv(channels, COMBINED_CHANNELS), 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void inverseDeviation(Slice variance, double epsilon, Slice invStd) {
        CudaOperands.requireEqualLength("variance", variance, "invStd", invStd);
        long from = operands.floats("variance", variance, 0);
        long to = operands.floats("invStd", invStd, 0);
        int channels = variance.length();
        CudaKernel kernel = inverseDeviation.get().integer(channels).float64(epsilon);
        launchChannels(kernel.address(from).address(to), channels);
    }

    @Override
    public void updateRunning(
            int rows, double momentum, Slice mean, Slice variance, Slice runningMean, Slice runningVariance) {
        CudaOperands.requirePositive("rows", rows);
        CudaOperands.requireEqualLength("mean", mean, "variance", variance);
        CudaOperands.requireEqualLength("mean", mean, "runningMean", runningMean);
        CudaOperands.requireEqualLength("mean", mean, "runningVariance", runningVariance);
        double bessel = rows > 1 ? rows / (rows - 1.0) : 1;
        int channels = mean.length();
        long means = operands.floats("mean", mean, 0);
        long variances = operands.floats("variance", variance, 0);
        long toMean = operands.floats("runningMean", runningMean, 0);
        long toVariance = operands.floats("runningVariance", runningVariance, 0);
        CudaKernel kernel =
                updateRunning.get().integer(channels).float64(momentum).float64(bessel);
        launchChannels(kernel.address(means).address(variances).address(toMean).address(toVariance), channels);
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
        requireShape(rows, channels);
        long size = (long) rows * channels;
        DType dtype = x.dtype();
        long input = operands.reals("x", x, size);
        long means = operands.floats("mean", mean, channels);
        long deviations = operands.floats("invStd", invStd, channels);
        long gammas = operands.floats("gamma", gamma, channels);
        long betas = operands.floats("beta", beta, channels);
        long added = operands.optionalTyped("residual", residual, dtype, size);
        long output = operands.typed("y", y, dtype, size);
        CudaKernel kernel = forward.of(x).integer(rows).integer(channels).address(input);
        kernel.address(means).address(deviations).address(gammas).address(betas).address(added);
        kernel.integer(relu ? 1 : 0).address(output);
        int blocks = LaunchShape.rowBlocks(rows, channels, dtype);
        kernel.launch(blocks, LaunchShape.channelTiles(channels, dtype), LaunchShape.THREADS, 0);
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
        requireShape(rows, channels);
        long size = (long) rows * channels;
        DType dtype = x.dtype();
        long input = operands.reals("x", x, size);
        long output = relu ? operands.typed("y", y, dtype, size) : 0;
        long gradient = operands.typed("dy", dy, dtype, size);
        long means = operands.floats("mean", mean, channels);
        long deviations = operands.floats("invStd", invStd, channels);
        long gammas = operands.floats("gamma", gamma, channels);
        long data = operands.typed("dx", dx, dtype, size);
        long gammaGradient = operands.floats("dGamma", dGamma, channels);
        long betaGradient = operands.floats("dBeta", dBeta, channels);
        long residual = operands.optionalTyped("dResidual", dResidual, dtype, size);
        int reluFlag = relu ? 1 : 0;
        int accumulateFlag = accumulate ? 1 : 0;
        int residualFlag = accumulateResidual ? 1 : 0;
        int chunks = LaunchShape.chunks(rows, channels, dtype);
        int tiles = LaunchShape.channelTiles(channels, dtype);
        long partial = (long) chunks * channels;
        workspace.begin(2 * partial + 2L * channels, 4);
        long sums = workspace.take(partial);
        long products = workspace.take(partial);
        long meanGradient = workspace.take(channels);
        long meanProduct = workspace.take(channels);

        if (batchStatistics) {
            CudaKernel first =
                    gradientSums.of(x).integer(rows).integer(channels).address(input);
            first.address(output).address(gradient).address(means).integer(reluFlag);
            first.address(sums).address(products).launch(chunks, tiles, LaunchShape.THREADS, 0);
        } else {
            CudaKernel only =
                    constantGradient.of(x).integer(rows).integer(channels).address(input);
            only.address(output)
                    .address(gradient)
                    .address(means)
                    .address(deviations)
                    .address(gammas);
            only.integer(reluFlag)
                    .address(data)
                    .integer(accumulateFlag)
                    .address(residual)
                    .integer(residualFlag);
            only.address(sums).address(products).launch(chunks, tiles, LaunchShape.THREADS, 0);
        }
        CudaKernel combine = gradients.get().integer(chunks).integer(rows).integer(channels);
        combine.address(sums)
                .address(products)
                .address(deviations)
                .address(gammaGradient)
                .address(betaGradient);
        combine.address(meanGradient).address(meanProduct);
        combine.launch(Math.ceilDiv(channels, COMBINED_CHANNELS), 1, LaunchShape.THREADS, 0);
        if (batchStatistics) {
            CudaKernel second =
                    dataGradient.of(x).integer(rows).integer(channels).address(input);
            second.address(output)
                    .address(gradient)
                    .address(means)
                    .address(deviations)
                    .address(gammas);
            second.address(meanGradient).address(meanProduct).integer(reluFlag);
            second.address(data).integer(accumulateFlag).address(residual).integer(residualFlag);
            second.launch(chunks, tiles, LaunchShape.THREADS, 0);
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
        long gammas = operands.floats("gamma", gamma, channels);
        long betas = operands.floats("beta", beta, channels);
        long means = operands.floats("mean", mean, channels);
        long variances = operands.floats("variance", variance, channels);
        long biases = operands.optionalFloats("bias", bias, channels);
        long scales = operands.floats("scale", scale, channels);
        long shifts = operands.floats("shift", shift, channels);
        CudaKernel kernel =
                fold.get().integer(channels).float64(epsilon).address(gammas).address(betas);
        kernel.address(means).address(variances).address(biases).address(scales).address(shifts);
        launchChannels(kernel, channels);
    }

    @Override
    public void close() {
        workspace.close();
    }
}
