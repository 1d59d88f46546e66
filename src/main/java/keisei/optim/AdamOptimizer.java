package keisei.optim;

import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.OptimizerKernels;
import keisei.device.Slice;
import keisei.nn.ParameterStore;
import keisei.tensor.HostTransfer;

/**
 * Adam or AdamW over one flat buffer of parameters and a gradient of the same order, with clipping by the global
 * norm. A step whose gradient norm is not finite changes nothing and is not counted. The padding of a
 * {@link ParameterStore} has gradient 0 and stays 0. Owns its moments and control values (owner
 * {@code "optimizer"}); parameters and gradients are the caller's and must outlive it. Not thread-safe.
 */
public final class AdamOptimizer implements AutoCloseable {
    private static final String OWNER = "optimizer";

    private final Device device;
    private final AdamSettings settings;
    private final Slice parameters;
    private final Slice gradients;
    private final DeviceBuffer moment1;
    private final DeviceBuffer moment2;
    private final DeviceBuffer control;
    private final Slice controlAll;
    private final Slice learningRateSlot;
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
        if (parameters.length() != gradients.length()) {
            throw new IllegalArgumentException("the optimizer got %d parameters but %d gradients"
                    .formatted(parameters.length(), gradients.length()));
        }
        check(settings);
        this.device = device;
        this.settings = settings;
        this.parameters = parameters;
        this.gradients = gradients;
        moment1 = device.allocate(device.realType(), parameters.length(), OWNER);
        moment2 = device.allocate(device.realType(), parameters.length(), OWNER);
        control = device.allocate(device.realType(), OptimizerKernels.CONTROL, OWNER);
        controlAll = control.all();
        learningRateSlot = controlAll.range(OptimizerKernels.LEARNING_RATE, 1);
        moment1All = moment1.all();
        moment2All = moment2.all();
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
     * One step with the gradients as they are: their norm, then clipping and Adam. The caller then tells the model
     * that its parameters changed.
     */
    public void step(double learningRate) {
        device.elementwise().fill(learningRateSlot, learningRate);
        device.optimizer().gradientNorm(gradients, controlAll);
        device.optimizer().adam(settings, controlAll, parameters, gradients, moment1All, moment2All);
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

    @Override
    public void close() {
        moment1.close();
        moment2.close();
        control.close();
    }
}
