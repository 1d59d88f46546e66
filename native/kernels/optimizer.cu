// Gradient norm, Adam and the loss scale over flat float buffers. What changes between steps lies in control[5], as in
// keisei.device.OptimizerKernels; the gradient is the true one times control[kLossScale].
#include "keisei.cuh"

namespace {

constexpr unsigned kLearningRate = 0;
constexpr unsigned kAppliedSteps = 1;
constexpr unsigned kGradientNorm = 2;
constexpr unsigned kLossScale = 3;
constexpr unsigned kGoodSteps = 4;

/** What Adam's threads need of a step, made by adam_prepare. */
struct StepConstants {
    float apply;          // 0: the step is skipped
    float gradientFactor; // clip / loss scale
    float keep;           // 1 - learning rate * decay where the decay is decoupled
    float stepSize;       // -learning rate / (1 - beta1^t)
    float rootCorrection; // 1 / sqrt(1 - beta2^t)
};

struct AdamConstants {
    float beta1;
    float beta2;
    float oneMinusBeta1;
    float oneMinusBeta2;
    float epsilon;
    float decay;
};

template <int W>
__device__ __forceinline__ void adam_at(
    const AdamConstants& a, const StepConstants& s, float* parameter, const float* gradient, float* moment1,
    float* moment2) {
    Vec<float, W> p = load<W>(parameter);
    Vec<float, W> g = load<W>(gradient);
    Vec<float, W> m = load<W>(moment1);
    Vec<float, W> v = load<W>(moment2);
#pragma unroll
    for (int k = 0; k < W; k++) {
        float kept = p.v[k] * s.keep;
        float slope = g.v[k] * s.gradientFactor + kept * a.decay;
        m.v[k] = m.v[k] * a.beta1 + slope * a.oneMinusBeta1;
        v.v[k] = v.v[k] * a.beta2 + slope * slope * a.oneMinusBeta2;
        p.v[k] = kept + m.v[k] * s.stepSize / (sqrtf(v.v[k]) * s.rootCorrection + a.epsilon);
    }
    store<W>(parameter, p);
    store<W>(moment1, m);
    store<W>(moment2, v);
}

} // namespace

// First stage of the norm: partial[gridDim.x] sums of squares in double. Reads 4 bytes per element; 2 FLOP (double).
extern "C" __global__ void __launch_bounds__(256) gradient_norm_chunks(int n, const float* gradient, double* partial) {
    __shared__ double scratch[kThreads / 32];
    constexpr int W = 4;
    unsigned done = 0;
    double sum = 0.0;
    if (aligned(gradient)) {
        done = (unsigned)n / W * W;
        for (unsigned i = thread_of_grid(); i < done / W; i += threads_of_grid()) {
            Vec<float, W> g = load<W>(gradient + i * W);
#pragma unroll
            for (int k = 0; k < W; k++) {
                sum += (double)g.v[k] * g.v[k];
            }
        }
    }
    for (unsigned i = done + thread_of_grid(); i < (unsigned)n; i += threads_of_grid()) {
        sum += (double)gradient[i] * gradient[i];
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = sum;
    }
}
KEISEI_KERNEL(gradient_norm_chunks)

// Second stage, one block: control[kGradientNorm] = sqrt(sum) / control[kLossScale]. Reads 8 bytes per chunk.
extern "C" __global__ void __launch_bounds__(256) gradient_norm(int chunks, const double* partial, float* control) {
    __shared__ double scratch[kThreads / 32];
    double sum = 0.0;
    for (unsigned i = threadIdx.x; i < (unsigned)chunks; i += kThreads) {
        sum += partial[i];
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) {
        control[kGradientNorm] = (float)(sqrt(sum) / control[kLossScale]);
    }
}
KEISEI_KERNEL(gradient_norm)

// One thread: decides whether the step is applied, counts it in control, and computes its constants. maxGradientNorm of
// 0 or less: no clipping; decay counts where it is decoupled, else 0. About 400 FLOP (two powers, in double).
extern "C" __global__ void adam_prepare(
    double beta1, double beta2, double decoupledDecay, double maxGradientNorm, float* control, float* constants) {
    StepConstants* out = reinterpret_cast<StepConstants*>(constants);
    float norm = control[kGradientNorm];
    if (!is_finite(norm)) {
        out->apply = 0.0f;
        return;
    }
    double steps = control[kAppliedSteps] + 1.0;
    double learningRate = control[kLearningRate];
    control[kAppliedSteps] = (float)steps;
    double clip = maxGradientNorm / (norm + 1e-6);
    clip = maxGradientNorm > 0.0 && clip < 1.0 ? clip : 1.0;
    out->apply = 1.0f;
    out->gradientFactor = (float)(clip / control[kLossScale]);
    out->keep = (float)(1.0 - learningRate * decoupledDecay);
    out->stepSize = (float)(-learningRate / (1.0 - pow(beta1, steps)));
    out->rootCorrection = (float)(1.0 / sqrt(1.0 - pow(beta2, steps)));
}
KEISEI_KERNEL(adam_prepare)

// One step (Kingma and Ba 2015; decoupled decay: Loshchilov and Hutter 2019) with adam_prepare's constants; nothing
// where it is skipped. Reads 16, writes 12 bytes per element; about 17 FLOP.
extern "C" __global__ void adam(
    int n, float beta1, float beta2, float oneMinusBeta1, float oneMinusBeta2, float epsilon, float decay,
    const float* constants, float* parameter, const float* gradient, float* moment1, float* moment2) {
    StepConstants step = *reinterpret_cast<const StepConstants*>(constants);
    if (step.apply == 0.0f) {
        return;
    }
    AdamConstants a = {beta1, beta2, oneMinusBeta1, oneMinusBeta2, epsilon, decay};
    constexpr int W = 4;
    unsigned done = 0;
    if (aligned(parameter, gradient, moment1, moment2)) {
        done = (unsigned)n / W * W;
        for (unsigned i = thread_of_grid() * W; i < done; i += threads_of_grid() * W) {
            adam_at<W>(a, step, parameter + i, gradient + i, moment1 + i, moment2 + i);
        }
    }
    for (unsigned i = done + thread_of_grid(); i < (unsigned)n; i += threads_of_grid()) {
        adam_at<1>(a, step, parameter + i, gradient + i, moment1 + i, moment2 + i);
    }
}
KEISEI_KERNEL(adam)

// One thread: dynamic loss scaling (Micikevicius et al. 2018).
extern "C" __global__ void update_loss_scale(
    float growth, float backoff, int growthInterval, float minimum, float maximum, float* control) {
    float scale = control[kLossScale];
    if (!is_finite(control[kGradientNorm])) {
        scale *= backoff;
        control[kLossScale] = scale < minimum ? minimum : scale;
        control[kGoodSteps] = 0.0f;
        return;
    }
    float good = control[kGoodSteps] + 1.0f;
    if (good >= (float)growthInterval) {
        scale *= growth;
        control[kLossScale] = scale > maximum ? maximum : scale;
        good = 0.0f;
    }
    control[kGoodSteps] = good;
}
KEISEI_KERNEL(update_loss_scale)
