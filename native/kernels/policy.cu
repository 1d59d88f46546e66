// Categorical policies over legal actions, logits [N, A] in float, masks [N, ceil(A / 32)] words of bits. A block of
// 256 threads a row, grid N. A row's logits are read two or three times, from the cache after the first, and only where
// a word of the mask has a legal action. Rows without a legal action: action 0, log-probability 0, entropy 0, gradient
// 0.
#include "keisei.cuh"

namespace {

__device__ __forceinline__ const unsigned* mask_of_row(const unsigned* mask, unsigned actions) {
    return mask + blockIdx.x * ((actions + 31) / 32);
}

/** Zeros a row of gradients that is not accumulated; a barrier makes that visible to the block. */
__device__ __forceinline__ void begin_gradient(unsigned actions, float* dLogits, int accumulate) {
    if (!accumulate) {
        for (unsigned action = threadIdx.x; action < actions; action += kThreads) {
            dLogits[action] = 0.0f;
        }
        __syncthreads();
    }
}

/**
 * The first legal action whose cumulative weight exceeds target, by one warp over its own part of the actions; `before`
 * is the weight of the parts before it. Where rounding leaves none, the last one with a weight. The same on each lane.
 */
__device__ __forceinline__ int invert_in_part(
    unsigned actions, const float* logits, const unsigned* mask, const MaskedRow& row, double before, double target) {
    unsigned words = (actions + 31) / 32;
    unsigned perWarp = (words + kThreads / 32 - 1) / (kThreads / 32);
    unsigned lane = threadIdx.x % 32;
    unsigned from = threadIdx.x / 32 * perWarp;
    int last = row.best;
    for (unsigned word = from; word < smaller(words, from + perWarp); word++) {
        unsigned bits = mask[word];
        if (bits == 0) {
            continue;
        }
        unsigned action = word * 32 + lane;
        bool legal = (bits >> lane & 1u) != 0 && action < actions;
        float weight = legal ? expf(row.shifted(logits[action])) : 0.0f;
        double cumulative = weight;
        for (unsigned distance = 1; distance < 32; distance *= 2) {
            double other = __shfl_up_sync(kFullWarp, cumulative, distance);
            if (lane >= distance) {
                cumulative += other;
            }
        }
        cumulative += before;
        unsigned reached = __ballot_sync(kFullWarp, weight > 0.0f && cumulative > target);
        if (reached != 0) {
            return (int)(word * 32) + __ffs((int)reached) - 1;
        }
        unsigned positive = __ballot_sync(kFullWarp, weight > 0.0f);
        if (positive != 0) {
            last = (int)(word * 32) + 31 - __clz((int)positive);
        }
        before = __shfl_sync(kFullWarp, cumulative, 31);
    }
    return last;
}

} // namespace

// out[N, A]: log-probabilities, negative infinity where illegal. Per row: reads 4A + A / 8, writes 4A bytes; about 25
// FLOP per legal action.
extern "C" __global__ void __launch_bounds__(256) log_softmax(
    int actions, const float* logits, const unsigned* mask, float* out) {
    __shared__ MaskedRow::Scratch scratch;
    logits += blockIdx.x * actions;
    out += blockIdx.x * actions;
    mask = mask_of_row(mask, actions);
    MaskedRow row(actions, logits, mask, scratch);
    for (unsigned action = threadIdx.x; action < (unsigned)actions; action += kThreads) {
        bool legal = is_legal(actions, mask, (int)action);
        out[action] = legal ? row.log_probability(logits[action]) : negative_infinity();
    }
}
KEISEI_KERNEL(log_softmax)

// dLogits = or += dOut - softmax * sum(dOut) over legal actions, 0 elsewhere, from log_softmax's output. Per row: reads
// 8A + A / 8 (+ 4A to accumulate), writes 4A bytes; about 25 FLOP per legal action.
extern "C" __global__ void __launch_bounds__(256) log_softmax_backward(
    int actions, const float* out, const unsigned* mask, const float* dOut, float* dLogits, int accumulate) {
    __shared__ MaskedRow::Scratch scratch;
    __shared__ double sums[kThreads / 32];
    out += blockIdx.x * actions;
    dOut += blockIdx.x * actions;
    dLogits += blockIdx.x * actions;
    mask = mask_of_row(mask, actions);
    // Log-probabilities are logits of the same distribution.
    MaskedRow row(actions, out, mask, scratch);
    double total = 0.0;
    for_each_legal(actions, mask, [&](unsigned action) { total += dOut[action]; });
    float sum = (float)block_sum(total, sums);
    begin_gradient(actions, dLogits, accumulate);
    for_each_legal(actions, mask, [&](unsigned action) {
        float gradient = dOut[action] - row.probability(out[action]) * sum;
        dLogits[action] += gradient;
    });
}
KEISEI_KERNEL(log_softmax_backward)

// Draws action[N] by inversion of the cumulative distribution in index order with uniforms[N] in [0, 1), and its
// logProbability[N]. Per row: reads 4A + A / 8 bytes; about 25 FLOP per legal action.
extern "C" __global__ void __launch_bounds__(256) policy_sample(
    int actions, const float* logits, const unsigned* mask, const float* uniforms, int* action,
    float* logProbability) {
    __shared__ MaskedRow::Scratch scratch;
    logits += blockIdx.x * actions;
    mask = mask_of_row(mask, actions);
    MaskedRow row(actions, logits, mask, scratch);
    double target = uniforms[blockIdx.x] * row.sum;
    // The part of the actions, one for each warp, in which the target is reached.
    unsigned part = 0;
    double before = 0.0;
    double passed = 0.0;
    bool found = false;
    for (unsigned i = 0; i < kThreads / 32; i++) {
        double sum = scratch.sums[i];
        if (!found && sum > 0.0) {
            part = i;
            before = passed;
            found = passed + sum > target;
        }
        passed += sum;
    }
    if (threadIdx.x / 32 != part) {
        return;
    }
    int chosen = row.best == MaskedRow::kNone ? 0 : invert_in_part(actions, logits, mask, row, before, target);
    if (threadIdx.x % 32 == 0) {
        action[blockIdx.x] = chosen;
        logProbability[blockIdx.x] = log_probability_of(row, actions, logits, mask, chosen);
    }
}
KEISEI_KERNEL(policy_sample)

// The most probable action[N] (the first of equals) and its logProbability[N]. Per row: reads 4A + A / 8 bytes; about
// 25 FLOP per legal action.
extern "C" __global__ void __launch_bounds__(256) policy_greedy(
    int actions, const float* logits, const unsigned* mask, int* action, float* logProbability) {
    __shared__ MaskedRow::Scratch scratch;
    logits += blockIdx.x * actions;
    mask = mask_of_row(mask, actions);
    MaskedRow row(actions, logits, mask, scratch);
    if (threadIdx.x == 0) {
        int chosen = row.best == MaskedRow::kNone ? 0 : row.best;
        action[blockIdx.x] = chosen;
        logProbability[blockIdx.x] = log_probability_of(row, actions, logits, mask, chosen);
    }
}
KEISEI_KERNEL(policy_greedy)

// logProbability[N] of action[N], and entropy[N]. Per row: reads 4A + A / 8 bytes; about 25 FLOP per legal action.
extern "C" __global__ void __launch_bounds__(256) policy_evaluate(
    int actions, const float* logits, const unsigned* mask, const int* action, float* logProbability, float* entropy) {
    __shared__ MaskedRow::Scratch scratch;
    logits += blockIdx.x * actions;
    mask = mask_of_row(mask, actions);
    MaskedRow row(actions, logits, mask, scratch);
    if (threadIdx.x == 0) {
        logProbability[blockIdx.x] = log_probability_of(row, actions, logits, mask, action[blockIdx.x]);
        entropy[blockIdx.x] = row.entropy();
    }
}
KEISEI_KERNEL(policy_evaluate)

// dLogits[N, A] = or += the gradient of policy_evaluate from dLogProbability[N] and dEntropy[N]. Per row: reads 4A + A
// / 8 (+ 4A to accumulate), writes 4A bytes; about 50 FLOP per legal action.
extern "C" __global__ void __launch_bounds__(256) policy_evaluate_backward(
    int actions, const float* logits, const unsigned* mask, const int* action, const float* dLogProbability,
    const float* dEntropy, float* dLogits, int accumulate) {
    __shared__ MaskedRow::Scratch scratch;
    logits += blockIdx.x * actions;
    dLogits += blockIdx.x * actions;
    mask = mask_of_row(mask, actions);
    MaskedRow row(actions, logits, mask, scratch);
    float g = dLogProbability[blockIdx.x];
    float gEntropy = dEntropy[blockIdx.x];
    float entropy = row.entropy();
    int chosen = action[blockIdx.x];
    begin_gradient(actions, dLogits, accumulate);
    for_each_legal(actions, mask, [&](unsigned i) {
        dLogits[i] += logit_gradient(row, logits[i], (int)i == chosen, g, gEntropy, entropy);
    });
}
KEISEI_KERNEL(policy_evaluate_backward)
