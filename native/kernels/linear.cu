// What a linear layer (and a convolution's bias) needs beside the matrix product.
#include "keisei.cuh"

namespace {

template <int W, typename T>
__device__ __forceinline__ void bias_add(unsigned rows, unsigned columns, const float* bias, T* y) {
    for (unsigned t = blockIdx.y; t < ChannelTile<W>::count(columns); t += gridDim.y) {
        ChannelTile<W> tile(columns, t);
        if (!tile.active) {
            continue;
        }
        float own[W];
#pragma unroll
        for (int k = 0; k < W; k++) {
            own[k] = bias[tile.column + k];
        }
        for (unsigned row = blockIdx.x * tile.lanes + tile.lane; row < rows; row += gridDim.x * tile.lanes) {
            T* at = y + row * columns + tile.column;
            Vec<T, W> value = load<W>(at);
#pragma unroll
            for (int k = 0; k < W; k++) {
                value.v[k] = stored<T>(to_float(value.v[k]) + own[k]);
            }
            store<W>(at, value);
        }
    }
}

template <typename T>
__device__ __forceinline__ void bias_add_any(unsigned rows, unsigned columns, const float* bias, T* y) {
    constexpr int W = Width<T>::value;
    if (columns % W == 0 && aligned(y)) {
        bias_add<W>(rows, columns, bias, y);
    } else {
        bias_add<1>(rows, columns, bias, y);
    }
}

/** Sums of one chunk of rows: threads sum their rows in float, then a column's threads are added in order. */
template <int W, typename T>
__device__ __forceinline__ void column_sums(
    unsigned rows, unsigned columns, const T* x, float* partial, float* scratch) {
    RowChunk chunk(rows, gridDim.x, blockIdx.x);
    for (unsigned t = blockIdx.y; t < ChannelTile<W>::count(columns); t += gridDim.y) {
        ChannelTile<W> tile(columns, t);
        float sum[W] = {};
        if (tile.active) {
            for (unsigned row = chunk.from + tile.lane; row < chunk.to; row += tile.lanes) {
                Vec<T, W> value = load<W>(x + row * columns + tile.column);
#pragma unroll
                for (int k = 0; k < W; k++) {
                    sum[k] += to_float(value.v[k]);
                }
            }
#pragma unroll
            for (int k = 0; k < W; k++) {
                scratch[tile.lane * tile.columns + tile.local + k] = sum[k];
            }
        }
        __syncthreads();
        for (unsigned c = threadIdx.x; c < tile.columns; c += kThreads) {
            float total = 0.0f;
            for (unsigned lane = 0; lane < tile.lanes; lane++) {
                total += scratch[lane * tile.columns + c];
            }
            partial[blockIdx.x * columns + t * kThreads * W + c] = total;
        }
        __syncthreads();
    }
}

template <typename T>
__device__ __forceinline__ void column_sums_any(unsigned rows, unsigned columns, const T* x, float* partial) {
    constexpr int W = Width<T>::value;
    __shared__ float scratch[kThreads * W];
    if (columns % W == 0 && aligned(x)) {
        column_sums<W>(rows, columns, x, partial, scratch);
    } else {
        column_sums<1>(rows, columns, x, partial, scratch);
    }
}

} // namespace

// y[row, k] += bias[k]. Reads and writes s bytes per element; 1 FLOP. Block 256, grid (blocks over rows, tiles of 256
// packs of columns).
extern "C" __global__ void bias_add_f32(int rows, int columns, const float* bias, float* y) {
    bias_add_any<float>(rows, columns, bias, y);
}
KEISEI_KERNEL(bias_add_f32)

extern "C" __global__ void bias_add_f16(int rows, int columns, const float* bias, half_t* y) {
    bias_add_any<half_t>(rows, columns, bias, y);
}
KEISEI_KERNEL(bias_add_f16)

// partial[gridDim.x, columns] = sums of x[rows, columns] over one chunk of rows each. Reads s bytes per element; 1
// FLOP. Block 256, grid (chunks, tiles of 256 packs of columns).
extern "C" __global__ void __launch_bounds__(256) column_sum_f32(
    int rows, int columns, const float* x, float* partial) {
    column_sums_any<float>(rows, columns, x, partial);
}
KEISEI_KERNEL(column_sum_f32)

extern "C" __global__ void __launch_bounds__(256) column_sum_f16(
    int rows, int columns, const half_t* x, float* partial) {
    column_sums_any<half_t>(rows, columns, x, partial);
}
KEISEI_KERNEL(column_sum_f16)

// out[c] += sum over chunks of partial[chunks, columns], in double and in order: 32 columns x 8 lanes a block of 256.
// Reads 4 * chunks bytes and adds chunks times per column.
extern "C" __global__ void __launch_bounds__(256) column_sum_chunks(
    int chunks, int columns, const float* partial, float* out) {
    __shared__ double scratch[kThreads];
    unsigned column = blockIdx.x * 32 + threadIdx.x % 32;
    double sum = 0.0;
    if (column < (unsigned)columns) {
        for (unsigned chunk = threadIdx.x / 32; chunk < (unsigned)chunks; chunk += kThreads / 32) {
            sum += partial[chunk * columns + column];
        }
    }
    scratch[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x < 32 && column < (unsigned)columns) {
        double total = out[column];
        for (unsigned lane = 0; lane < kThreads / 32; lane++) {
            total += scratch[lane * 32 + threadIdx.x];
        }
        out[column] = (float)total;
    }
}
KEISEI_KERNEL(column_sum_chunks)
