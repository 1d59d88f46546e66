package keisei.device.cuda;

import keisei.device.AdamSettings;
import keisei.device.LossScaling;
import keisei.device.OptimizerKernels;
import keisei.device.Slice;

/** Gradient norm, Adam and the loss scale over flat F32 buffers; nothing comes back to the host. */
final class CudaOptimizer implements OptimizerKernels, AutoCloseable {
    private static final String FILE = "optimizer";
    private static final int ELEMENTS_PER_CHUNK = 4096;
    private static final int STEP_CONSTANTS = 5;
    private static final int DOUBLE_FLOATS = 2;

    private final CudaOperands operands;
    private final CudaWorkspace partialSums;
    private final CudaWorkspace stepConstants;
    private final LazyKernel normChunks;
    private final LazyKernel norm;
    private final LazyKernel prepare;
    private final LazyKernel adam;
    private final LazyKernel lossScale;

    CudaOptimizer(CudaRuntime runtime) {
        operands = runtime.operands();
        partialSums = new CudaWorkspace(runtime.memory(), "workspace of the gradient norm");
        stepConstants = new CudaWorkspace(runtime.memory(), "workspace of Adam");
        CudaModules modules = runtime.modules();
        normChunks = new LazyKernel(modules, FILE, "gradient_norm_chunks");
        norm = new LazyKernel(modules, FILE, "gradient_norm");
        prepare = new LazyKernel(modules, FILE, "adam_prepare");
        adam = new LazyKernel(modules, FILE, "adam");
        lossScale = new LazyKernel(modules, FILE, "update_loss_scale");
    }

    @Override
    public void gradientNorm(Slice gradient, Slice control) {
        long gradients = operands.floats("gradient", gradient, 0);
        long controls = operands.floats("control", control, CONTROL);
        int n = gradient.length();
        int chunks = Math.min(LaunchShape.MOST_CHUNKS, Math.ceilDiv(n, ELEMENTS_PER_CHUNK));
        partialSums.begin((long) DOUBLE_FLOATS * chunks, 1);
        long partial = partialSums.take((long) DOUBLE_FLOATS * chunks);
        CudaKernel first = normChunks.get().integer(n).address(gradients).address(partial);
        first.launch(chunks, 1, LaunchShape.THREADS, 0);
        CudaKernel second = norm.get().integer(chunks).address(partial).address(controls);
        second.launch(1, 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void adam(
            AdamSettings settings, Slice control, Slice parameter, Slice gradient, Slice moment1, Slice moment2) {
        CudaOperands.requireEqualLength("parameter", parameter, "gradient", gradient);
        CudaOperands.requireEqualLength("parameter", parameter, "moment1", moment1);
        CudaOperands.requireEqualLength("parameter", parameter, "moment2", moment2);
        long controls = operands.floats("control", control, CONTROL);
        long parameters = operands.floats("parameter", parameter, 0);
        long gradients = operands.floats("gradient", gradient, 0);
        long first = operands.floats("moment1", moment1, 0);
        long second = operands.floats("moment2", moment2, 0);
        stepConstants.begin(STEP_CONSTANTS, 1);
        long constants = stepConstants.take(STEP_CONSTANTS);
        CudaKernel begin = prepare.get().float64(settings.beta1()).float64(settings.beta2());
        begin.float64(settings.decoupled() ? settings.weightDecay() : 0).float64(settings.maxGradientNorm());
        begin.address(controls).address(constants).launch(1, 1, 1, 0);
        int n = parameter.length();
        CudaKernel step = adam.get().integer(n).real((float) settings.beta1()).real((float) settings.beta2());
        step.real((float) (1 - settings.beta1())).real((float) (1 - settings.beta2()));
        step.real((float) settings.epsilon()).real(settings.decoupled() ? 0 : (float) settings.weightDecay());
        step.address(constants)
                .address(parameters)
                .address(gradients)
                .address(first)
                .address(second);
        step.launch(LaunchShape.elements(n), 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void updateLossScale(LossScaling scaling, Slice control) {
        long controls = operands.floats("control", control, CONTROL);
        CudaKernel kernel = lossScale.get().real((float) scaling.growth()).real((float) scaling.backoff());
        kernel.integer(scaling.growthInterval());
        kernel.real((float) scaling.minimum()).real((float) scaling.maximum());
        kernel.address(controls).launch(1, 1, 1, 0);
    }

    @Override
    public void close() {
        partialSums.close();
        stepConstants.close();
    }
}
