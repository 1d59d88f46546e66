package keisei.device.reference;

import keisei.device.AdamSettings;
import keisei.device.OptimizerKernels;
import keisei.device.Slice;

final class ReferenceOptimizer implements OptimizerKernels {
    private static final double CLIP_EPSILON = 1e-6;

    private final ReferenceDevice device;

    ReferenceOptimizer(ReferenceDevice device) {
        this.device = device;
    }

    @Override
    public void gradientNorm(Slice gradient, Slice control) {
        Operand elements = device.real(gradient, gradient.length(), "gradient");
        Operand result = device.real(control, CONTROL, "control");
        double squares = 0;
        for (int i = 0; i < gradient.length(); i++) {
            squares += elements.get(i) * elements.get(i);
        }
        result.set(GRADIENT_NORM, Math.sqrt(squares));
    }

    @Override
    public void adam(
            AdamSettings settings, Slice control, Slice parameter, Slice gradient, Slice moment1, Slice moment2) {
        int count = parameter.length();
        ReferenceDevice.sameLength(parameter, "parameter", gradient, "gradient");
        ReferenceDevice.sameLength(parameter, "parameter", moment1, "moment1");
        ReferenceDevice.sameLength(parameter, "parameter", moment2, "moment2");
        Operand state = device.real(control, CONTROL, "control");
        Operand p = device.real(parameter, count, "parameter");
        Operand g = device.real(gradient, count, "gradient");
        Operand m = device.real(moment1, count, "moment1");
        Operand v = device.real(moment2, count, "moment2");
        double norm = state.get(GRADIENT_NORM);
        if (!Double.isFinite(norm)) {
            return;
        }
        double step = state.get(APPLIED_STEPS) + 1;
        state.set(APPLIED_STEPS, step);
        double rate = state.get(LEARNING_RATE);
        double clip =
                settings.maxGradientNorm() > 0 ? Math.min(1, settings.maxGradientNorm() / (norm + CLIP_EPSILON)) : 1;
        double correction1 = 1 - Math.pow(settings.beta1(), step);
        double correction2 = 1 - Math.pow(settings.beta2(), step);
        for (int i = 0; i < count; i++) {
            double slope = g.get(i) * clip;
            if (settings.decoupled()) {
                p.set(i, p.get(i) * (1 - rate * settings.weightDecay()));
            } else {
                slope += settings.weightDecay() * p.get(i);
            }
            m.set(i, settings.beta1() * m.get(i) + (1 - settings.beta1()) * slope);
            v.set(i, settings.beta2() * v.get(i) + (1 - settings.beta2()) * slope * slope);
            double denominator = Math.sqrt(v.get(i) / correction2) + settings.epsilon();
            p.add(i, -rate * (m.get(i) / correction1) / denominator);
        }
    }
}
