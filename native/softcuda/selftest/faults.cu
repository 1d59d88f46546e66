// Kernels of the software device's own tests: arithmetic that must be right, and faults that must be found.
#include "software_device.h"

extern "C" __global__ void axpy(int n, float a, const float* __restrict__ x, float* __restrict__ y) {
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) y[i] += a * x[i];
}
KEISEI_KERNEL(axpy)

/** One block: the sum by warp shuffles, static shared memory and a barrier. */
extern "C" __global__ void sum(int n, const float* x, float* result) {
    __shared__ float parts[32];
    float s = 0;
    for (int i = threadIdx.x; i < n; i += blockDim.x) s += x[i];
    for (int d = 16; d; d >>= 1) s += __shfl_down_sync(0xffffffffu, s, d);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = s;
    __syncthreads();
    if (threadIdx.x == 0) {
        for (unsigned w = 1; w < blockDim.x / 32; w++) s += parts[w];
        *result = s;
    }
}
KEISEI_KERNEL(sum)

/** Reverses n elements by dynamic shared memory; votes count the threads that moved one. */
extern "C" __global__ void reverse(int n, int* x, unsigned* votes) {
    KEISEI_DYNAMIC_SHARED(int, buffer);
    int t = threadIdx.x;
    if (t < n) buffer[t] = x[t];
    int count = __syncthreads_count(t < n);
    if (t < n) x[t] = buffer[n - 1 - t];
    unsigned ballot = __ballot_sync(0xffffffffu, t < n);
    if (t == 0) {
        votes[0] = count;
        votes[1] = ballot;
        atomicAdd(&votes[2], 1);
    }
}
KEISEI_KERNEL(reverse)

/** Two halves of a warp shuffle by themselves, one of them more often. */
extern "C" __global__ void halves(int* result) {
    int t = threadIdx.x, v = t;
    unsigned mask = t < 16 ? 0x0000ffffu : 0xffff0000u;
    v += __shfl_xor_sync(mask, v, 1);
    if (t < 16) v += __shfl_xor_sync(mask, v, 2);
    result[t] = __shfl_sync(0xffffffffu, v, 31 - t);
}
KEISEI_KERNEL(halves)

/** Writes one float at this index, wherever that is. */
extern "C" __global__ void poke(float* x, long index) { x[index] = 1.0f; }
KEISEI_KERNEL(poke)

/** Reads one float at this index, wherever that is. */
extern "C" __global__ void peek(const float* x, long index, float* result) { *result = x[index]; }
KEISEI_KERNEL(peek)

extern "C" __global__ void divergent(float* x) {
    if (threadIdx.x < 16) __syncthreads();
    else __syncwarp();
    x[threadIdx.x] = 1;
    __syncthreads();
}
KEISEI_KERNEL(divergent)

/** A lane that the mask does not name takes part. */
extern "C" __global__ void unnamed(int* x) { x[threadIdx.x] = __shfl_sync(0x0000ffffu, 1, 0); }
KEISEI_KERNEL(unnamed)

/** What shared memory and a lane that has left give before anything was written. */
extern "C" __global__ void unwritten(float* result) {
    __shared__ float fixed[4];
    KEISEI_DYNAMIC_SHARED(float, dynamic);
    result[3 * blockIdx.x] = fixed[1];
    result[3 * blockIdx.x + 1] = dynamic[1];
    result[3 * blockIdx.x + 2] = __shfl_sync(0x3u, 1.0f, 1);
    fixed[1] = dynamic[1] = 7.0f;
}
KEISEI_KERNEL(unwritten)

extern "C" __global__ void overrun_shared(int count) {
    KEISEI_DYNAMIC_SHARED(volatile int, buffer);
    buffer[count] = 1;
}
KEISEI_KERNEL(overrun_shared)

extern "C" __global__ void trap() { __trap(); }
KEISEI_KERNEL(trap)

/** Parameters of several sizes and alignments. */
extern "C" __global__ void parameters(signed char a, double b, const int* c, short d, long long* e) { *e = a + (long long)b + *c + d; }
KEISEI_KERNEL(parameters)
