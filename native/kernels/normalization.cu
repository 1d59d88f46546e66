// Batch normalisation over x[rows, C]. Statistics are Welford's per thread and Chan, Golub and LeVeque's (1983) when
// threads and chunks are combined, always in the same order, and all of the distance from the channel's first element:
// a float holds that exactly where a channel lies far from zero. A chunk of rows is one block (x) of the first stage;
// the second stage combines the chunks. Blocks have 256 threads; grid (chunks or blocks over rows, tiles of channels).
#include "keisei.cuh"

namespace {

/** Rows of a chunk that fall to one of the threads that share its columns. */
__device__ __forceinline__ unsigned rows_of_lane(const RowChunk& chunk, unsigned lane, unsigned lanes) {
    unsigned rows = chunk.to - chunk.from;
    return rows > lane ? (rows - lane + lanes - 1) / lanes : 0;
}

/** Mean, less the channel's first element, and sum of squared deviations of each channel over one chunk. */
template <int W, typename T>
__device__ __forceinline__ void chunk_statistics(
    unsigned rows, unsigned channels, const T* x, float* means, float* squares, float* meanScratch,
    float* squareScratch) {
    RowChunk chunk(rows, gridDim.x, blockIdx.x);
    for (unsigned t = blockIdx.y; t < ChannelTile<W>::count(channels); t += gridDim.y) {
        ChannelTile<W> tile(channels, t);
        if (tile.active) {
            Vec<T, W> origin = load<W>(x + tile.column);
            float mean[W] = {};
            float square[W] = {};
            float seen = 0.0f;
            for (unsigned row = chunk.from + tile.lane; row < chunk.to; row += tile.lanes) {
                Vec<T, W> value = load<W>(x + row * channels + tile.column);
                seen += 1.0f;
                float share = 1.0f / seen;
#pragma unroll
                for (int k = 0; k < W; k++) {
                    float v = to_float(value.v[k]) - to_float(origin.v[k]);
                    float d = v - mean[k];
                    mean[k] += d * share;
                    square[k] += d * (v - mean[k]);
                }
            }
#pragma unroll
            for (int k = 0; k < W; k++) {
                meanScratch[tile.lane * tile.columns + tile.local + k] = mean[k];
                squareScratch[tile.lane * tile.columns + tile.local + k] = square[k];
            }
        }
        __syncthreads();
        unsigned size = chunk.to - chunk.from;
        for (unsigned c = threadIdx.x; c < tile.columns; c += kThreads) {
            float first = meanScratch[c];
            float shift = 0.0f;
            for (unsigned lane = 1; lane < tile.lanes; lane++) {
                float count = (float)rows_of_lane(chunk, lane, tile.lanes);
                shift += count * (meanScratch[lane * tile.columns + c] - first);
            }
            float mean = size > 0 ? first + shift / (float)size : 0.0f;
            float square = 0.0f;
            for (unsigned lane = 0; lane < tile.lanes; lane++) {
                float count = (float)rows_of_lane(chunk, lane, tile.lanes);
                float d = count > 0.0f ? meanScratch[lane * tile.columns + c] - mean : 0.0f;
                square += squareScratch[lane * tile.columns + c] + count * d * d;
            }
            unsigned at = blockIdx.x * channels + t * kThreads * W + c;
            means[at] = mean;
            squares[at] = square;
        }
        __syncthreads();
    }
}

template <typename T>
__device__ __forceinline__ void chunk_statistics_any(
    unsigned rows, unsigned channels, const T* x, float* means, float* squares) {
    constexpr int W = Width<T>::value;
    __shared__ float meanScratch[kThreads * W];
    __shared__ float squareScratch[kThreads * W];
    if (channels % W == 0 && aligned(x)) {
        chunk_statistics<W>(rows, channels, x, means, squares, meanScratch, squareScratch);
    } else {
        chunk_statistics<1>(rows, channels, x, means, squares, meanScratch, squareScratch);
    }
}

template <int W, typename T>
__device__ __forceinline__ void normalize(
    unsigned rows, unsigned channels, const T* x, const float* mean, const float* invStd, const float* gamma,
    const float* beta, const T* residual, int relu, T* y) {
    for (unsigned t = blockIdx.y; t < ChannelTile<W>::count(channels); t += gridDim.y) {
        ChannelTile<W> tile(channels, t);
        if (!tile.active) {
            continue;
        }
        float centre[W];
        float factor[W];
        float offset[W];
#pragma unroll
        for (int k = 0; k < W; k++) {
            centre[k] = mean[tile.column + k];
            factor[k] = gamma[tile.column + k] * invStd[tile.column + k];
            offset[k] = beta[tile.column + k];
        }
        for (unsigned row = blockIdx.x * tile.lanes + tile.lane; row < rows; row += gridDim.x * tile.lanes) {
            unsigned at = row * channels + tile.column;
            Vec<T, W> in = load<W>(x + at);
            Vec<T, W> add;
            if (residual) {
                add = load<W>(residual + at);
            }
            Vec<T, W> out;
#pragma unroll
            for (int k = 0; k < W; k++) {
                float value = (to_float(in.v[k]) - centre[k]) * factor[k] + offset[k];
                if (residual) {
                    value += to_float(add.v[k]);
                }
                out.v[k] = stored<T>(relu && value < 0.0f ? 0.0f : value);
            }
            store<W>(y + at, out);
        }
    }
}

template <typename T>
__device__ __forceinline__ void normalize_any(
    unsigned rows, unsigned channels, const T* x, const float* mean, const float* invStd, const float* gamma,
    const float* beta, const T* residual, int relu, T* y) {
    constexpr int W = Width<T>::value;
    if (channels % W == 0 && aligned(x, residual, y)) {
        normalize<W>(rows, channels, x, mean, invStd, gamma, beta, residual, relu, y);
    } else {
        normalize<1>(rows, channels, x, mean, invStd, gamma, beta, residual, relu, y);
    }
}

template <typename T>
__device__ __forceinline__ void combined_statistics(
    unsigned chunks, unsigned rows, unsigned channels, const T* x, const float* means, const float* squares,
    float* mean, float* variance) {
    __shared__ double scratch[kThreads];
    unsigned column = blockIdx.x * 32 + threadIdx.x % 32;
    unsigned firstChunk = threadIdx.x / 32;
    bool inside = column < channels;
    double first = inside ? means[column] : 0.0;
    double shift = 0.0;
    for (unsigned i = firstChunk; inside && i < chunks; i += kThreads / 32) {
        RowChunk chunk(rows, chunks, i);
        shift += (double)(chunk.to - chunk.from) * (means[i * channels + column] - first);
    }
    scratch[threadIdx.x] = shift;
    __syncthreads();
    double total = 0.0;
    for (unsigned lane = 0; lane < kThreads / 32; lane++) {
        total += scratch[lane * 32 + threadIdx.x % 32];
    }
    double centre = first + total / rows;
    double square = 0.0;
    for (unsigned i = firstChunk; inside && i < chunks; i += kThreads / 32) {
        RowChunk chunk(rows, chunks, i);
        double d = means[i * channels + column] - centre;
        square += squares[i * channels + column] + (double)(chunk.to - chunk.from) * d * d;
    }
    __syncthreads();
    scratch[threadIdx.x] = square;
    __syncthreads();
    if (threadIdx.x < 32 && inside) {
        double sum = 0.0;
        for (unsigned lane = 0; lane < kThreads / 32; lane++) {
            sum += scratch[lane * 32 + threadIdx.x];
        }
        mean[column] = (float)(to_float(x[column]) + centre);
        variance[column] = (float)(sum / rows);
    }
}

} // namespace

// First stage of the statistics: means (less x[0, c]) and squares, both [gridDim.x, C]. Reads s bytes per element; 6
// FLOP, and a division per row and thread.
extern "C" __global__ void __launch_bounds__(256) batch_norm_chunk_statistics_f32(
    int rows, int channels, const float* x, float* means, float* squares) {
    chunk_statistics_any<float>(rows, channels, x, means, squares);
}
KEISEI_KERNEL(batch_norm_chunk_statistics_f32)

extern "C" __global__ void __launch_bounds__(256) batch_norm_chunk_statistics_f16(
    int rows, int channels, const half_t* x, float* means, float* squares) {
    chunk_statistics_any<half_t>(rows, channels, x, means, squares);
}
KEISEI_KERNEL(batch_norm_chunk_statistics_f16)

// Second stage: mean[C] and biased variance[C], in double; 32 channels x 8 lanes a block of 256, grid ceil(C / 32).
// Reads 12 * chunks bytes (the means twice) per channel; 8 FLOP per chunk and channel.
extern "C" __global__ void __launch_bounds__(256) batch_norm_statistics_f32(
    int chunks, int rows, int channels, const float* x, const float* means, const float* squares, float* mean,
    float* variance) {
    combined_statistics<float>(chunks, rows, channels, x, means, squares, mean, variance);
}
KEISEI_KERNEL(batch_norm_statistics_f32)

extern "C" __global__ void __launch_bounds__(256) batch_norm_statistics_f16(
    int chunks, int rows, int channels, const half_t* x, const float* means, const float* squares, float* mean,
    float* variance) {
    combined_statistics<half_t>(chunks, rows, channels, x, means, squares, mean, variance);
}
KEISEI_KERNEL(batch_norm_statistics_f16)

// invStd[c] = 1 / sqrt(variance[c] + epsilon), in double. 8 bytes, about 30 FLOP per channel.
extern "C" __global__ void batch_norm_inverse_deviation(
    int channels, double epsilon, const float* variance, float* invStd) {
    for (unsigned c = thread_of_grid(); c < (unsigned)channels; c += threads_of_grid()) {
        invStd[c] = (float)(1.0 / sqrt((double)variance[c] + epsilon));
    }
}
KEISEI_KERNEL(batch_norm_inverse_deviation)

// running = (1 - momentum) * running + momentum * batch, the variance times bessel. 24 bytes, 7 FLOP per channel.
extern "C" __global__ void batch_norm_update_running(
    int channels, double momentum, double bessel, const float* mean, const float* variance, float* runningMean,
    float* runningVariance) {
    for (unsigned c = thread_of_grid(); c < (unsigned)channels; c += threads_of_grid()) {
        runningMean[c] = (float)((1.0 - momentum) * runningMean[c] + momentum * mean[c]);
        runningVariance[c] = (float)((1.0 - momentum) * runningVariance[c] + momentum * bessel * variance[c]);
    }
}
KEISEI_KERNEL(batch_norm_update_running)

// scale = gamma / sqrt(variance + epsilon), shift = beta + (bias - mean) * scale; bias may be null. 28 bytes, about 35
// FLOP per channel.
extern "C" __global__ void batch_norm_fold(
    int channels, double epsilon, const float* gamma, const float* beta, const float* mean, const float* variance,
    const float* bias, float* scale, float* shift) {
    for (unsigned c = thread_of_grid(); c < (unsigned)channels; c += threads_of_grid()) {
        double factor = gamma[c] / sqrt((double)variance[c] + epsilon);
        double before = (bias ? (double)bias[c] : 0.0) - mean[c];
        scale[c] = (float)factor;
        shift[c] = (float)(beta[c] + before * factor);
    }
}
KEISEI_KERNEL(batch_norm_fold)

// y = f(gamma * (x - mean) * invStd + beta + residual); residual may be null; y may be x or residual. Reads s (2s with
// residual), writes s bytes per element; up to 5 FLOP.
extern "C" __global__ void batch_norm_forward_f32(
    int rows, int channels, const float* x, const float* mean, const float* invStd, const float* gamma,
    const float* beta, const float* residual, int relu, float* y) {
    normalize_any<float>(rows, channels, x, mean, invStd, gamma, beta, residual, relu, y);
}
KEISEI_KERNEL(batch_norm_forward_f32)

extern "C" __global__ void batch_norm_forward_f16(
    int rows, int channels, const half_t* x, const float* mean, const float* invStd, const float* gamma,
    const float* beta, const half_t* residual, int relu, half_t* y) {
    normalize_any<half_t>(rows, channels, x, mean, invStd, gamma, beta, residual, relu, y);
}
KEISEI_KERNEL(batch_norm_forward_f16)
