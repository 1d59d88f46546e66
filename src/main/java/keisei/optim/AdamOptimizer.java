package keisei.optim;

import keisei.device.AdamSettings;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.LossScaling;
import keisei.device.OptimizerKernels;
import keisei.device.Slice;
import keisei.nn.ParameterStore;
import keisei.tensor.HostTransfer;
import org.jspecify.annotations.Nullable;

/**
 * Adam or AdamW over one flat buffer of parameters and a gradient of the same order, with clipping by the global
 * norm. A step whose gradient norm is not finite changes nothing and is not counted. Where the device computes
 * activations in half precision, the loss must be scaled by {@link #lossScale()}, which every step adapts. The padding of a
 * {@link ParameterStore} has gradient 0 and stays 0. Owns its moments and control values (owner
 * {@code "optimizer"}); parameters and gradients are the caller's and must outlive it. Not thread-safe.
 */
public final class AdamOptimizer implements AutoCloseable {
    private static final String OWNER = "optimizer";

    private final Device device;
    private final AdamSettings settings;
    private final Slice parameters;
    private final Slice gradients;
    private final DeviceBuffer state;
    private final Slice controlAll;
    private final Slice learningRateSlot;
    private final Slice lossScaleSlot;
    private final @Nullable LossScaling scaling;
    private final Slice moment1All;
    private final Slice moment2All;

    /**
     * Over all parameters of a model.
     *
     * @throws IllegalArgumentException when a setting is out of range
     */
    public AdamOptimizer(Device device, AdamSettings settings, ParameterStore store) {
        this(device, settings, store.values(), store.gradients());
    }

    /**
     * Over any flat parameters.
     *
     * @param parameters of {@link Device#realType()}
     * @param gradients in the order of the parameters
     * @throws IllegalArgumentException when the lengths differ or a setting is out of range
     */
    public AdamOptimizer(Device device, AdamSettings settings, Slice parameters, Slice gradients) {
        this(
                device,
                settings,
                parameters,
                gradients,
                device.activationType() == DType.F16 ? LossScaling.DYNAMIC : null);
    }

    /**
     * With loss scaling of one's own.
     *
     * @param scaling null: the loss is not scaled
     */
    public AdamOptimizer(
            Device device, AdamSettings settings, Slice parameters, Slice gradients, @Nullable LossScaling scaling) {
        if (parameters.length() != gradients.length()) {
            throw new IllegalArgumentException("the optimizer got %d parameters but %d gradients"
                    .formatted(parameters.length(), gradients.length()));
        }
        check(settings);
        this.device = device;
        this.settings = settings;
        this.scaling = scaling;
        this.parameters = parameters;
        this.gradients = gradients;
        int count = parameters.length();
        int aligned = Math.ceilDiv(count, 16) * 16;
        state = device.allocate(device.realType(), Math.toIntExact(2L * aligned + OptimizerKernels.CONTROL), OWNER);
        moment1All = state.all().range(0, count);
        moment2All = state.all().range(aligned, count);
        controlAll = state.all().range(2 * aligned, OptimizerKernels.CONTROL);
        learningRateSlot = controlAll.range(OptimizerKernels.LEARNING_RATE, 1);
        lossScaleSlot = controlAll.range(OptimizerKernels.LOSS_SCALE, 1);
        device.elementwise().fill(lossScaleSlot, scaling == null ? 1 : scaling.initial());
    }

    private static void check(AdamSettings settings) {
        StringBuilder problems = new StringBuilder();
        range(problems, "beta1", settings.beta1() >= 0 && settings.beta1() < 1, settings.beta1(), "in [0, 1)");
        range(problems, "beta2", settings.beta2() >= 0 && settings.beta2() < 1, settings.beta2(), "in [0, 1)");
        range(problems, "epsilon", settings.epsilon() > 0, settings.epsilon(), "positive");
        range(problems, "weightDecay", settings.weightDecay() >= 0, settings.weightDecay(), "at least 0");
        range(
                problems,
                "maxGradientNorm",
                !Double.isNaN(settings.maxGradientNorm()),
                settings.maxGradientNorm(),
                "a number");
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("optimizer:" + problems);
        }
    }

    private static void range(StringBuilder problems, String field, boolean good, double value, String allowed) {
        if (!good) {
            problems.append(" %s %s is not %s;".formatted(field, value, allowed));
        }
    }

    /**
     * {@link #setLearningRate}, then {@link #step()}.
     */
    public void step(double learningRate) {
        setLearningRate(learningRate);
        step();
    }

    /** Sets the learning rate of the steps that follow. */
    public void setLearningRate(double learningRate) {
        device.elementwise().fill(learningRateSlot, learningRate);
    }

    /**
     * One step with the gradients as they are: their norm, then clipping, Adam, and the loss scale. Fit for
     * {@link Device#record}. The caller then tells the model that its parameters changed.
     */
    public void step() {
        OptimizerKernels kernels = device.optimizer();
        kernels.gradientNorm(gradients, controlAll);
        kernels.adam(settings, controlAll, parameters, gradients, moment1All, moment2All);
        if (scaling != null) {
            kernels.updateLossScale(scaling, controlAll);
        }
    }

    /** What the loss is to be multiplied by, {@code [1]} in device memory; null where it is not scaled. */
    public @Nullable Slice lossScale() {
        return scaling == null ? null : lossScaleSlot;
    }

    /** Sets all gradients to 0. */
    public void zeroGradients() {
        device.elementwise().fill(gradients, 0);
    }

    /** The constants it was built with. */
    public AdamSettings settings() {
        return settings;
    }

    /** The control values, see {@link OptimizerKernels}; read {@code GRADIENT_NORM} after many steps at once. */
    public Slice control() {
        return controlAll;
    }

    /** First moments, in the order of the parameters. */
    public Slice moment1() {
        return moment1All;
    }

    /** Second moments, in the order of the parameters. */
    public Slice moment2() {
        return moment2All;
    }

    /** Global L2 norm of the gradient of the last step, before clipping; waits for the device. */
    public double gradientNorm() {
        return HostTransfer.readDoubles(controlAll)[OptimizerKernels.GRADIENT_NORM];
    }

    /** Steps applied so far; waits for the device. */
    public long appliedSteps() {
        return Math.round(HostTransfer.readDoubles(controlAll)[OptimizerKernels.APPLIED_STEPS]);
    }

    /**
     * Sets the number of applied steps, after the moments were restored.
     *
     * @throws IllegalArgumentException when it is negative or too large to be counted exactly in float32
     */
    public void restoreAppliedSteps(long steps) {
        if (steps < 0 || steps > 1 << 24) {
            throw new IllegalArgumentException("applied steps %d is not in [0, %d]".formatted(steps, 1 << 24));
        }
        device.elementwise().fill(controlAll.range(OptimizerKernels.APPLIED_STEPS, 1), steps);
    }

    /**
     * The loss scale and how many applied steps it has held for; part of a checkpoint. Waits for the device.
     *
     * @param scale 1 where the loss is not scaled
     */
    public record LossScale(double scale, long goodSteps) {}

    /** The state of the loss scaling; waits for the device. */
    public LossScale lossScaleState() {
        double[] control = HostTransfer.readDoubles(controlAll);
        return new LossScale(control[OptimizerKernels.LOSS_SCALE], Math.round(control[OptimizerKernels.GOOD_STEPS]));
    }

    /**
     * Restores {@link #lossScaleState()}; does nothing where the loss is not scaled.
     *
     * @throws IllegalArgumentException when the scale lies outside its bounds or the count is negative
     */
    public void restoreLossScale(LossScale state) {
        LossScaling bounds = scaling;
        if (bounds == null) {
            return;
        }
        if (!(state.scale >= bounds.minimum() && state.scale <= bounds.maximum()) || state.goodSteps < 0) {
            throw new IllegalArgumentException(
                    "loss scale %s after %d good steps: it must be in [%s, %s], the steps >= 0"
                            .formatted(state.scale, state.goodSteps, bounds.minimum(), bounds.maximum()));
        }
        device.elementwise().fill(lossScaleSlot, state.scale);
        device.elementwise()
                .fill(
                        controlAll.range(OptimizerKernels.GOOD_STEPS, 1),
                        Math.min(state.goodSteps, bounds.growthInterval()));
    }

    @Override
    public void close() {
        state.close();
    }
}
