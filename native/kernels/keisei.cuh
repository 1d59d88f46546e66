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
#ifdef KEISEI_SOFTWARE_DEVICE
    return -__builtin_inff();
#else
    return __int_as_float(0xff800000);
#endif
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
