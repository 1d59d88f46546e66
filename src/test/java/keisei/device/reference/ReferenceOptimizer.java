package keisei.device.reference;

import keisei.device.AdamSettings;
import keisei.device.LossScaling;
import keisei.device.OptimizerKernels;
import keisei.device.Slice;

final class ReferenceOptimizer implements OptimizerKernels {
    private final Operands operands;

    ReferenceOptimizer(Operands operands) {
        this.operands = operands;
    }

    @Override
    public void gradientNorm(Slice gradient, Slice control) {
        Reals g = operands.reals("gradient", gradient, gradient.length());
        Reals state = operands.reals("control", control, CONTROL);
        double sum = 0;
        for (int i = 0; i < gradient.length(); i++) {
            sum += g.get(i) * g.get(i);
        }
        state.set(GRADIENT_NORM, Math.sqrt(sum) / state.get(LOSS_SCALE));
    }

    @Override
    public void adam(
            AdamSettings settings, Slice control, Slice parameter, Slice gradient, Slice moment1, Slice moment2) {
        int count = parameter.length();
        Reals state = operands.reals("control", control, CONTROL);
        Reals p = operands.reals("parameter", parameter, count);
        Reals gradients = operands.reals("gradient", gradient, count);
        Reals m = operands.reals("moment1", moment1, count);
        Reals v = operands.reals("moment2", moment2, count);
        double norm = state.get(GRADIENT_NORM);
        if (!Double.isFinite(norm)) {
            return;
        }
        double clip = settings.maxGradientNorm() > 0 ? Math.min(1, settings.maxGradientNorm() / (norm + 1e-6)) : 1;
        double rate = state.get(LEARNING_RATE);
        double step = state.get(APPLIED_STEPS) + 1;
        state.set(APPLIED_STEPS, step);
        double correction1 = 1 - Math.pow(settings.beta1(), step);
        double correction2 = 1 - Math.pow(settings.beta2(), step);
        for (int i = 0; i < count; i++) {
            double g = gradients.get(i) / state.get(LOSS_SCALE) * clip;
            double value = p.get(i);
            if (settings.decoupled()) {
                value *= 1 - rate * settings.weightDecay();
            } else {
                g += settings.weightDecay() * value;
            }
            m.set(i, settings.beta1() * m.get(i) + (1 - settings.beta1()) * g);
            v.set(i, settings.beta2() * v.get(i) + (1 - settings.beta2()) * g * g);
            double denominator = Math.sqrt(v.get(i) / correction2) + settings.epsilon();
            p.set(i, value - rate * (m.get(i) / correction1) / denominator);
        }
    }

    @Override
    public void updateLossScale(LossScaling scaling, Slice control) {
        Reals state = operands.reals("control", control, CONTROL);
        boolean finite = Double.isFinite(state.get(GRADIENT_NORM));
        double good = finite ? state.get(GOOD_STEPS) + 1 : 0;
        boolean grows = finite && good >= scaling.growthInterval();
        double factor = grows ? scaling.growth() : finite ? 1 : scaling.backoff();
        state.set(LOSS_SCALE, Math.clamp(state.get(LOSS_SCALE) * factor, scaling.minimum(), scaling.maximum()));
        state.set(GOOD_STEPS, grows ? 0 : good);
    }
}
