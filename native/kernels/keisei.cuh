// What every kernel of Keisei shares. No system header: the same source compiles by NVRTC, nvcc and g++.
#pragma once

#ifdef KEISEI_SOFTWARE_DEVICE
#include "software_device.h"
#else
#define KEISEI_KERNEL(name)
#define KEISEI_DYNAMIC_SHARED(type, name) extern __shared__ __align__(16) type name[]
#endif

/** Storage of an IEEE 754 binary16 number. */
struct half_t {
    unsigned short bits;
};

#ifdef KEISEI_SOFTWARE_DEVICE
__device__ __forceinline__ float to_float(half_t h) {
    _Float16 value;
    memcpy(&value, &h, sizeof value);
    return (float)value;
}
__device__ __forceinline__ half_t to_half(float f) {
    _Float16 value = (_Float16)f;
    half_t h;
    memcpy(&h, &value, sizeof value);
    return h;
}
#else
__device__ __forceinline__ float to_float(half_t h) {
    float f;
    asm("cvt.f32.f16 %0, %1;" : "=f"(f) : "h"(h.bits));
    return f;
}
__device__ __forceinline__ half_t to_half(float f) {
    half_t h;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(h.bits) : "f"(f));
    return h;
}
#endif

// ---------------------------------------------------------------------------------------------------------------
// Storage types: kernels are templates over float and half_t and compute in float.
// ---------------------------------------------------------------------------------------------------------------

__device__ __forceinline__ float to_float(float f) {
    return f;
}

template <typename T>
__device__ __forceinline__ T stored(float f);

template <>
__device__ __forceinline__ float stored<float>(float f) {
    return f;
}

template <>
__device__ __forceinline__ half_t stored<half_t>(float f) {
    return to_half(f);
}

/** W neighbouring elements, moved by 16-byte accesses where they are that many bytes. */
template <typename T, int W>
struct alignas(W * sizeof(T) < 16 ? W * sizeof(T) : 16) Vec {
    T v[W];
};

template <int W, typename T>
__device__ __forceinline__ Vec<T, W> load(const T* p) {
    return *reinterpret_cast<const Vec<T, W>*>(p);
}

template <int W, typename T>
__device__ __forceinline__ void store(T* p, const Vec<T, W>& value) {
    *reinterpret_cast<Vec<T, W>*>(p) = value;
}

/** Elements of 16 bytes. */
template <typename T>
struct Width {
    static constexpr int value = 16 / sizeof(T);
};

/** Whether all pointers (null counts as yes) are multiples of 16 bytes. */
template <typename... T>
__device__ __forceinline__ bool aligned(const T*... p) {
    return (((size_t)p | ...) & 15) == 0;
}

__device__ __forceinline__ bool is_finite(float x) {
    return x - x == 0.0f;
}

__device__ __forceinline__ float negative_infinity() {
    return __int_as_float((int)0xff800000);
}

__device__ __forceinline__ unsigned smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

// ---------------------------------------------------------------------------------------------------------------
// Where a thread works.
// ---------------------------------------------------------------------------------------------------------------

constexpr unsigned kFullWarp = 0xffffffffu;

/** Threads of a block of every kernel that shares memory between its threads. */
constexpr unsigned kThreads = 256;

__device__ __forceinline__ unsigned thread_of_grid() {
    return blockIdx.x * blockDim.x + threadIdx.x;
}

__device__ __forceinline__ unsigned threads_of_grid() {
    return gridDim.x * blockDim.x;
}

/**
 * How a block covers up to kThreads * W channels of [rows, channels]: each thread keeps W channels, whose constants
 * stay in registers, and `lanes` threads share the rows of those channels.
 */
template <int W>
struct ChannelTile {
    unsigned columns; // channels of this tile
    unsigned column;  // first channel of this thread, counted from channel 0
    unsigned local;   // the same, counted from the tile's first channel
    unsigned lane;
    unsigned lanes;
    bool active;

    __device__ ChannelTile(unsigned channels, unsigned tile) {
        unsigned first = tile * kThreads;
        unsigned packs = smaller(channels / W - first, kThreads);
        columns = packs * W;
        local = threadIdx.x % packs * W;
        column = first * W + local;
        lanes = kThreads / packs;
        lane = threadIdx.x / packs;
        active = lane < lanes;
    }

    static __device__ unsigned count(unsigned channels) {
        return (channels / W + kThreads - 1) / kThreads;
    }
};

/** Rows of chunk `index` of `count`: [from, to), maybe none. */
struct RowChunk {
    unsigned from;
    unsigned to;

    __device__ RowChunk(unsigned rows, unsigned count, unsigned index) {
        unsigned size = (rows + count - 1) / count;
        from = smaller(rows, index * size);
        to = smaller(rows, from + size);
    }
};

// ---------------------------------------------------------------------------------------------------------------
// Reductions in a fixed order.
// ---------------------------------------------------------------------------------------------------------------

/** Sum over a warp; every lane gets the same bits. All 32 lanes must take part. */
template <typename T>
__device__ __forceinline__ T warp_sum(T value) {
    for (int distance = 16; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(kFullWarp, value, distance);
    }
    return value;
}

/** Sum over a block of kThreads; every thread gets it. `scratch` has 8 elements and is free again afterwards. */
template <typename T>
__device__ __forceinline__ T block_sum(T value, T* scratch) {
    value = warp_sum(value);
    if (threadIdx.x % 32 == 0) {
        scratch[threadIdx.x / 32] = value;
    }
    __syncthreads();
    T total = scratch[0];
    for (unsigned warp = 1; warp < kThreads / 32; warp++) {
        total += scratch[warp];
    }
    __syncthreads();
    return total;
}

// ---------------------------------------------------------------------------------------------------------------
// The softmax of one row over its legal actions. Sampling, evaluation and the loss all use it, so that their
// log-probabilities are equal bit for bit.
// ---------------------------------------------------------------------------------------------------------------

/**
 * Calls body(action) on the threads whose action is legal. Each warp has a contiguous part of the mask's words, a lane
 * each bit; words without a legal action cost one load.
 */
template <typename F>
__device__ __forceinline__ void for_each_legal(unsigned actions, const unsigned* mask, F body) {
    unsigned words = (actions + 31) / 32;
    unsigned perWarp = (words + kThreads / 32 - 1) / (kThreads / 32);
    unsigned lane = threadIdx.x % 32;
    unsigned from = threadIdx.x / 32 * perWarp;
    for (unsigned word = from; word < smaller(words, from + perWarp); word++) {
        unsigned action = word * 32 + lane;
        if ((mask[word] >> lane & 1u) != 0 && action < actions) {
            body(action);
        }
    }
}

/** One row, computed by a block of kThreads; every thread has all of it. */
struct MaskedRow {
    static constexpr int kNone = -1;

    int best;        // the legal action with the largest logit, the first of equals; kNone where none is legal
    float largest;   // its logit
    double sum;      // of exp(logit - largest)
    double weighted; // sum of exp(logit - largest) * (logit - largest)
    float logSum;
    float inverseSum;

    struct Scratch {
        float largest[kThreads / 32];
        int best[kThreads / 32];
        double sums[kThreads / 32]; // of each warp's part of the actions; stays valid
        double weighted[kThreads / 32];
    };

    static __device__ __forceinline__ bool precedes(float a, int i, float b, int j) {
        return i != kNone && (j == kNone || a > b || (a == b && i < j));
    }

    __device__ __forceinline__ float shifted(float logit) const {
        return logit - largest;
    }

    __device__ __forceinline__ float log_probability(float logit) const {
        return shifted(logit) - logSum;
    }

    __device__ __forceinline__ float probability(float logit) const {
        return expf(shifted(logit)) * inverseSum;
    }

    __device__ __forceinline__ float entropy() const {
        return best == kNone ? 0.0f : logSum - (float)weighted * inverseSum;
    }

    __device__ MaskedRow(unsigned actions, const float* logits, const unsigned* mask, Scratch& scratch) {
        unsigned lane = threadIdx.x % 32;
        unsigned warp = threadIdx.x / 32;
        best = kNone;
        largest = negative_infinity();
        for_each_legal(actions, mask, [&](unsigned action) {
            float logit = logits[action];
            if (precedes(logit, (int)action, largest, best)) {
                largest = logit;
                best = (int)action;
            }
        });
        for (int distance = 16; distance > 0; distance /= 2) {
            float otherLargest = __shfl_xor_sync(kFullWarp, largest, distance);
            int otherBest = __shfl_xor_sync(kFullWarp, best, distance);
            if (precedes(otherLargest, otherBest, largest, best)) {
                largest = otherLargest;
                best = otherBest;
            }
        }
        if (lane == 0) {
            scratch.largest[warp] = largest;
            scratch.best[warp] = best;
        }
        __syncthreads();
        for (unsigned i = 0; i < kThreads / 32; i++) {
            if (precedes(scratch.largest[i], scratch.best[i], largest, best)) {
                largest = scratch.largest[i];
                best = scratch.best[i];
            }
        }
        sum = 0.0;
        weighted = 0.0;
        for_each_legal(actions, mask, [&](unsigned action) {
            float distance = shifted(logits[action]);
            float exponential = expf(distance);
            if (exponential > 0.0f) {
                sum += exponential;
                weighted += (double)exponential * distance;
            }
        });
        sum = warp_sum(sum);
        weighted = warp_sum(weighted);
        if (lane == 0) {
            scratch.sums[warp] = sum;
            scratch.weighted[warp] = weighted;
        }
        __syncthreads();
        sum = 0.0;
        weighted = 0.0;
        for (unsigned i = 0; i < kThreads / 32; i++) {
            sum += scratch.sums[i];
            weighted += scratch.weighted[i];
        }
        logSum = logf((float)sum);
        inverseSum = 1.0f / (float)sum;
    }
};

/** Whether an action is legal in a row. */
__device__ __forceinline__ bool is_legal(unsigned actions, const unsigned* mask, int action) {
    return action >= 0 && (unsigned)action < actions && (mask[action / 32] >> (action % 32) & 1u) != 0;
}

/** Log-probability of an action: 0 where none is legal, else negative infinity for an illegal one. */
__device__ __forceinline__ float log_probability_of(
    const MaskedRow& row, unsigned actions, const float* logits, const unsigned* mask, int action) {
    if (row.best == MaskedRow::kNone) {
        return 0.0f;
    }
    return is_legal(actions, mask, action) ? row.log_probability(logits[action]) : negative_infinity();
}

/**
 * The gradient of g * log_probability(action) + gEntropy * entropy by one legal logit: g * (1[it is the action] - p) -
 * gEntropy * p * (log p + entropy).
 */
__device__ __forceinline__ float logit_gradient(
    const MaskedRow& row, float logit, bool isAction, float g, float gEntropy, float entropy) {
    float p = row.probability(logit);
    float gradient = (isAction ? g : 0.0f) - g * p;
    if (gEntropy != 0.0f && p > 0.0f) {
        gradient -= gEntropy * p * (row.log_probability(logit) + entropy);
    }
    return gradient;
}
