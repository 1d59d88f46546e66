package keisei.device.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import keisei.device.AdamSettings;
import keisei.device.LossScaling;
import keisei.device.OptimizerKernels;
import keisei.device.Slice;

/** Gradient norm and Adam over flat buffers, in chunks of fixed size. */
final class CpuOptimizer implements OptimizerKernels {
    private static final int ELEMENTS_PER_TASK = 1 << 14;

    private static final VectorSpecies<Float> S = Lanes.SPECIES;
    private static final int L = Lanes.COUNT;

    private final Operands operands;
    private final Workers workers;
    private final Task sumSquares = this::sumSquares;
    private final Task step = this::step;
    private double[] partialSums = {};

    // The operation in progress.
    private int length;
    private float[] p = Operands.NONE;
    private int po;
    private float[] g = Operands.NONE;
    private int go;
    private float[] m = Operands.NONE;
    private int mo;
    private float[] v = Operands.NONE;
    private int vo;
    private float beta1;
    private float beta2;
    private float oneMinusBeta1;
    private float oneMinusBeta2;
    private float epsilon;
    private float decay;
    private float keep;
    private float clip;
    private float stepSize;
    private float rootCorrection;

    CpuOptimizer(CpuDevice device, Workers workers) {
        operands = device.operands();
        this.workers = workers;
    }

    private static int chunks(int length) {
        return (length + ELEMENTS_PER_TASK - 1) / ELEMENTS_PER_TASK;
    }

    @Override
    public void gradientNorm(Slice gradient, Slice control) {
        g = operands.floats("gradient", gradient, 0);
        go = gradient.offset();
        float[] controls = operands.floats("control", control, CONTROL);
        length = gradient.length();
        int chunks = chunks(length);
        if (partialSums.length < chunks) {
            partialSums = new double[chunks];
        }
        workers.run(sumSquares, chunks);
        double sum = 0;
        for (int chunk = 0; chunk < chunks; chunk++) {
            sum += partialSums[chunk];
        }
        controls[control.offset() + GRADIENT_NORM] = (float) (Math.sqrt(sum) / controls[control.offset() + LOSS_SCALE]);
    }

    private void sumSquares(int chunk, int worker) {
        int i = go + chunk * ELEMENTS_PER_TASK;
        int to = go + Math.min(length, (chunk + 1) * ELEMENTS_PER_TASK);
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        for (; i + 4 <= to; i += 4) {
            double a = g[i];
            double b = g[i + 1];
            double c = g[i + 2];
            double d = g[i + 3];
            s0 = Math.fma(a, a, s0);
            s1 = Math.fma(b, b, s1);
            s2 = Math.fma(c, c, s2);
            s3 = Math.fma(d, d, s3);
        }
        for (; i < to; i++) {
            double a = g[i];
            s0 = Math.fma(a, a, s0);
        }
        partialSums[chunk] = (s0 + s1) + (s2 + s3);
    }

    @Override
    public void adam(
            AdamSettings settings, Slice control, Slice parameter, Slice gradient, Slice moment1, Slice moment2) {
        Operands.requireEqualLength("parameter", parameter, "gradient", gradient);
        Operands.requireEqualLength("parameter", parameter, "moment1", moment1);
        Operands.requireEqualLength("parameter", parameter, "moment2", moment2);
        float[] controls = operands.floats("control", control, CONTROL);
        p = operands.floats("parameter", parameter, 0);
        po = parameter.offset();
        g = operands.floats("gradient", gradient, 0);
        go = gradient.offset();
        m = operands.floats("moment1", moment1, 0);
        mo = moment1.offset();
        v = operands.floats("moment2", moment2, 0);
        vo = moment2.offset();
        length = parameter.length();
        double norm = controls[control.offset() + GRADIENT_NORM];
        if (!Double.isFinite(norm)) {
            return;
        }
        double steps = controls[control.offset() + APPLIED_STEPS] + 1.0;
        controls[control.offset() + APPLIED_STEPS] = (float) steps;
        double learningRate = controls[control.offset() + LEARNING_RATE];
        boolean clips = settings.maxGradientNorm() > 0;
        double clipped = clips ? Math.min(1, settings.maxGradientNorm() / (norm + 1e-6)) : 1;
        clip = (float) (clipped / controls[control.offset() + LOSS_SCALE]);
        beta1 = (float) settings.beta1();
        beta2 = (float) settings.beta2();
        oneMinusBeta1 = (float) (1 - settings.beta1());
        oneMinusBeta2 = (float) (1 - settings.beta2());
        epsilon = (float) settings.epsilon();
        decay = settings.decoupled() ? 0 : (float) settings.weightDecay();
        keep = settings.decoupled() ? (float) (1 - learningRate * settings.weightDecay()) : 1;
        stepSize = (float) (-learningRate / (1 - Math.pow(settings.beta1(), steps)));
        rootCorrection = (float) (1 / Math.sqrt(1 - Math.pow(settings.beta2(), steps)));
        workers.run(step, chunks(length));
    }

    @Override
    public void updateLossScale(LossScaling scaling, Slice control) {
        float[] controls = operands.floats("control", control, CONTROL);
        int at = control.offset();
        if (!Float.isFinite(controls[at + GRADIENT_NORM])) {
            controls[at + LOSS_SCALE] =
                    (float) Math.max(scaling.minimum(), controls[at + LOSS_SCALE] * scaling.backoff());
            controls[at + GOOD_STEPS] = 0;
        } else if (++controls[at + GOOD_STEPS] >= scaling.growthInterval()) {
            controls[at + LOSS_SCALE] =
                    (float) Math.min(scaling.maximum(), controls[at + LOSS_SCALE] * scaling.growth());
            controls[at + GOOD_STEPS] = 0;
        }
    }

    private void step(int chunk, int worker) {
        int i = chunk * ELEMENTS_PER_TASK;
        int to = Math.min(length, i + ELEMENTS_PER_TASK);
        for (; i + L <= to; i += L) {
            FloatVector parameter = FloatVector.fromArray(S, p, po + i).mul(keep);
            FloatVector gradient = FloatVector.fromArray(S, g, go + i).mul(clip);
            gradient = parameter.fma(FloatVector.broadcast(S, decay), gradient);
            FloatVector first = FloatVector.fromArray(S, m, mo + i).mul(beta1).add(gradient.mul(oneMinusBeta1));
            FloatVector second = FloatVector.fromArray(S, v, vo + i)
                    .mul(beta2)
                    .add(gradient.mul(gradient).mul(oneMinusBeta2));
            first.intoArray(m, mo + i);
            second.intoArray(v, vo + i);
            FloatVector divisor = second.sqrt().mul(rootCorrection).add(epsilon);
            parameter.add(first.mul(stepSize).div(divisor)).intoArray(p, po + i);
        }
        for (; i < to; i++) {
            float parameter = p[po + i] * keep;
            float gradient = Math.fma(parameter, decay, g[go + i] * clip);
            float first = m[mo + i] * beta1 + gradient * oneMinusBeta1;
            float second = v[vo + i] * beta2 + gradient * gradient * oneMinusBeta2;
            m[mo + i] = first;
            v[vo + i] = second;
            float divisor = (float) Math.sqrt(second) * rootCorrection + epsilon;
            p[po + i] = parameter + first * stepSize / divisor;
        }
    }
}
