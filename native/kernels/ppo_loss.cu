// The PPO loss (Schulman et al. 2017) and its gradient: one block of 256 threads a row, then one block for the metrics.
#include "keisei.cuh"

namespace {

// The order of keisei.device.PpoLossKernels.
constexpr unsigned kPolicyLoss = 0;
constexpr unsigned kValueLoss = 1;
constexpr unsigned kEntropy = 2;
constexpr unsigned kKlPlain = 3;
constexpr unsigned kKlLowVariance = 4;
constexpr unsigned kClipped = 5;
constexpr unsigned kRows = 6;
constexpr unsigned kMaxRatioDeviation = 7;
constexpr unsigned kMetrics = 8;

__device__ __forceinline__ double clamped(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}

/** Writes the policy's metrics of a row; returns the loss's gradient by the log-probability, times the batch. */
__device__ __forceinline__ float policy_term(
    float logProbability, float oldLogProbability, double advantage, double range, bool clips, float entropy,
    float* metrics) {
    // Both log-probabilities were rounded to float by the same code: nothing changed means exactly 0.
    double logRatio = (double)(logProbability - oldLogProbability);
    double ratio = exp(logRatio);
    double plain = ratio * advantage;
    double clipped = clips ? clamped(ratio, 1.0 - range, 1.0 + range) * advantage : plain;
    double deviation = fabs(ratio - 1.0);
    metrics[kPolicyLoss] = (float)(clipped < plain ? -clipped : -plain);
    metrics[kEntropy] = entropy;
    metrics[kKlPlain] = (float)-logRatio;
    metrics[kKlLowVariance] = (float)(expm1(logRatio) - logRatio);
    metrics[kClipped] = deviation > range ? 1.0f : 0.0f;
    metrics[kRows] = 1.0f;
    metrics[kMaxRatioDeviation] = (float)deviation;
    // Where the clipped term is the smaller one it is constant; where both are equal they are the same function.
    return clipped < plain ? 0.0f : (float)-plain;
}

/** Writes the value's metric of a row; returns the loss's gradient by the value, times the batch. */
__device__ __forceinline__ double value_term(
    double value, double oldValue, double target, double range, bool clips, float* metrics) {
    double error = value - target;
    double loss = error * error;
    double gradient = 2.0 * error;
    if (clips) {
        double moved = value - oldValue;
        double clippedError = oldValue + clamped(moved, -range, range) - target;
        double clippedLoss = clippedError * clippedError;
        if (fabs(moved) > range && clippedLoss >= loss) {
            // Outside the range the clipped branch is constant; equal branches share the gradient.
            gradient = clippedLoss == loss ? error : 0.0;
            loss = clippedLoss;
        }
    }
    metrics[kValueLoss] = (float)loss;
    return gradient;
}

/** The larger of two; NaN where one is NaN, since that must show in the metrics. */
__device__ __forceinline__ double larger(double a, double b) {
    return a >= b || a != a ? a : b;
}

} // namespace

// One row a block, grid N: dLogits[N, A], dValue[N], both times lossScale[1] (null: 1), and rowMetrics[N, 8]. The
// coefficients are the loss's divided by the batch. Per row: reads 4A + A / 8 (the logits thrice, from the cache after
// the first), writes 4A + 36 bytes; about 75 FLOP per legal action.
extern "C" __global__ void __launch_bounds__(256) ppo_loss_rows(
    int actions, double clipRange, double rowShare, double valueCoefficient, double entropyCoefficient,
    int clipValueLoss, int clipPolicyLoss, const float* logits, const unsigned* mask, const int* action,
    const float* oldLogProbability, const float* advantage, const float* value, const float* oldValue,
    const float* returns, const float* lossScale, float* dLogits, float* dValue, float* rowMetrics) {
    __shared__ MaskedRow::Scratch scratch;
    __shared__ float logProbabilityGradient;
    unsigned at = blockIdx.x;
    logits += at * actions;
    dLogits += at * actions;
    mask += at * ((actions + 31) / 32);
    float scale = lossScale ? lossScale[0] : 1.0f;
    MaskedRow row(actions, logits, mask, scratch);
    float entropy = row.entropy();
    int chosen = action[at];
    if (threadIdx.x == 0) {
        float* metrics = rowMetrics + at * kMetrics;
        float logp = log_probability_of(row, actions, logits, mask, chosen);
        float g = policy_term(
            logp, oldLogProbability[at], advantage[at], clipRange, clipPolicyLoss != 0, entropy, metrics);
        logProbabilityGradient = (float)(g * rowShare * scale);
        double slope = value_term(value[at], oldValue[at], returns[at], clipRange, clipValueLoss != 0, metrics);
        dValue[at] = (float)(valueCoefficient * slope * rowShare * scale);
    }
    for (unsigned i = threadIdx.x; i < (unsigned)actions; i += kThreads) {
        dLogits[i] = 0.0f;
    }
    __syncthreads();
    float g = logProbabilityGradient;
    float gEntropy = (float)(-entropyCoefficient * rowShare * scale);
    for_each_legal(actions, mask, [&](unsigned i) {
        dLogits[i] = logit_gradient(row, logits[i], (int)i == chosen, g, gEntropy, entropy);
    });
}
KEISEI_KERNEL(ppo_loss_rows)

// metrics[8] += the sums of rowMetrics[N, 8] in double and in a fixed order (the last metric is a maximum). One block
// of 256 threads: 32 threads a metric. Reads 32 bytes and adds 8 times per row.
extern "C" __global__ void __launch_bounds__(256) ppo_loss_metrics(int rows, const float* rowMetrics, float* metrics) {
    __shared__ double scratch[kThreads];
    unsigned metric = threadIdx.x % kMetrics;
    bool maximum = metric == kMaxRatioDeviation;
    double total = 0.0;
    for (unsigned row = threadIdx.x / kMetrics; row < (unsigned)rows; row += kThreads / kMetrics) {
        double term = rowMetrics[row * kMetrics + metric];
        total = maximum ? larger(total, term) : total + term;
    }
    scratch[threadIdx.x] = total;
    __syncthreads();
    if (threadIdx.x < kMetrics) {
        total = metrics[metric];
        for (unsigned i = threadIdx.x; i < kThreads; i += kMetrics) {
            double term = scratch[i];
            total = maximum ? larger(total, term) : total + term;
        }
        metrics[metric] = (float)total;
    }
}
KEISEI_KERNEL(ppo_loss_metrics)
