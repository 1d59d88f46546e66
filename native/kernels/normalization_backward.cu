// Gradients of batch normalisation. With batch statistics: sums, their combination, data. With constant statistics the
// data's gradient needs no sums, and one pass writes it and gathers them. Blocks have 256 threads; grid (chunks of
// rows, tiles of channels).
#include "keisei.cuh"

namespace {

template <typename T>
struct Operands {
    const T* x;
    const T* y; // read where relu
    const T* dy;
    const float* mean;
    const float* invStd;
    const float* gamma;
    bool relu;
    T* dx;
    bool accumulate;
    T* dResidual; // null: not wanted
    bool accumulateResidual;
};

/**
 * One chunk of rows. kSums: partial sums of g (the gradient behind the ReLU) and of g * (x - mean). kData: dx and
 * dResidual; with kBatch, through the statistics, whose part comes from meanGradient and meanProduct.
 */
template <int W, bool kSums, bool kData, bool kBatch, typename T>
__device__ __forceinline__ void backward(
    unsigned rows, unsigned channels, const Operands<T>& o, const float* meanGradient, const float* meanProduct,
    float* sums, float* products, float* sumScratch, float* productScratch) {
    RowChunk chunk(rows, gridDim.x, blockIdx.x);
    for (unsigned t = blockIdx.y; t < ChannelTile<W>::count(channels); t += gridDim.y) {
        ChannelTile<W> tile(channels, t);
        if (tile.active) {
            float centre[W];
            float factor[W];
            float gradientPart[W];
            float productPart[W];
            float sum[W] = {};
            float product[W] = {};
#pragma unroll
            for (int k = 0; k < W; k++) {
                unsigned c = tile.column + k;
                centre[k] = o.mean[c];
                factor[k] = kData ? o.gamma[c] * o.invStd[c] : 0.0f;
                gradientPart[k] = kBatch ? meanGradient[c] : 0.0f;
                productPart[k] = kBatch ? meanProduct[c] : 0.0f;
            }
            for (unsigned row = chunk.from + tile.lane; row < chunk.to; row += tile.lanes) {
                unsigned at = row * channels + tile.column;
                Vec<T, W> gradient = load<W>(o.dy + at);
                Vec<T, W> in;
                Vec<T, W> out;
                Vec<T, W> before;
                Vec<T, W> residual;
                if (kSums || kBatch) {
                    in = load<W>(o.x + at);
                }
                if (o.relu) {
                    out = load<W>(o.y + at);
                }
                if (kData && o.accumulate) {
                    before = load<W>(o.dx + at);
                }
                if (kData && o.dResidual && o.accumulateResidual) {
                    residual = load<W>(o.dResidual + at);
                }
#pragma unroll
                for (int k = 0; k < W; k++) {
                    float g = o.relu && to_float(out.v[k]) <= 0.0f ? 0.0f : to_float(gradient.v[k]);
                    float d = kSums || kBatch ? to_float(in.v[k]) - centre[k] : 0.0f;
                    if (kSums) {
                        sum[k] += g;
                        product[k] += g * d;
                    }
                    if (kData) {
                        float through = g - gradientPart[k] - d * productPart[k];
                        float value = (kBatch ? through : g) * factor[k];
                        before.v[k] = stored<T>(o.accumulate ? to_float(before.v[k]) + value : value);
                        residual.v[k] = stored<T>(o.accumulateResidual ? to_float(residual.v[k]) + g : g);
                    }
                }
                if (kData) {
                    store<W>(o.dx + at, before);
                    if (o.dResidual) {
                        store<W>(o.dResidual + at, residual);
                    }
                }
            }
            if (kSums) {
#pragma unroll
                for (int k = 0; k < W; k++) {
                    sumScratch[tile.lane * tile.columns + tile.local + k] = sum[k];
                    productScratch[tile.lane * tile.columns + tile.local + k] = product[k];
                }
            }
        }
        if (kSums) {
            __syncthreads();
            for (unsigned c = threadIdx.x; c < tile.columns; c += kThreads) {
                float sum = 0.0f;
                float product = 0.0f;
                for (unsigned lane = 0; lane < tile.lanes; lane++) {
                    sum += sumScratch[lane * tile.columns + c];
                    product += productScratch[lane * tile.columns + c];
                }
                unsigned at = blockIdx.x * channels + t * kThreads * W + c;
                sums[at] = sum;
                products[at] = product;
            }
            __syncthreads();
        }
    }
}

template <bool kSums, bool kData, bool kBatch, typename T>
__device__ __forceinline__ void backward_any(
    unsigned rows, unsigned channels, const Operands<T>& o, const float* meanGradient, const float* meanProduct,
    float* sums, float* products) {
    constexpr int W = Width<T>::value;
    __shared__ float sumScratch[kSums ? kThreads * W : 1];
    __shared__ float productScratch[kSums ? kThreads * W : 1];
    if (channels % W == 0 && aligned(o.x, o.y, o.dy, o.dx, o.dResidual)) {
        backward<W, kSums, kData, kBatch>(
            rows, channels, o, meanGradient, meanProduct, sums, products, sumScratch, productScratch);
    } else {
        backward<1, kSums, kData, kBatch>(
            rows, channels, o, meanGradient, meanProduct, sums, products, sumScratch, productScratch);
    }
}

template <typename T>
__device__ __forceinline__ void gather(
    unsigned rows, unsigned channels, const T* x, const T* y, const T* dy, const float* mean, bool relu, float* sums,
    float* products) {
    Operands<T> o = {x, y, dy, mean, nullptr, nullptr, relu, nullptr, false, nullptr, false};
    backward_any<true, false, false>(rows, channels, o, nullptr, nullptr, sums, products);
}

} // namespace

// Batch statistics, pass 1: sums and products, both [gridDim.x, C]. Reads 2s bytes (3s with ReLU) per element; 4 FLOP.
extern "C" __global__ void __launch_bounds__(256) batch_norm_gradient_sums_f32(
    int rows, int channels, const float* x, const float* y, const float* dy, const float* mean, int relu, float* sums,
    float* products) {
    gather<float>(rows, channels, x, y, dy, mean, relu, sums, products);
}
KEISEI_KERNEL(batch_norm_gradient_sums_f32)

extern "C" __global__ void __launch_bounds__(256) batch_norm_gradient_sums_f16(
    int rows, int channels, const half_t* x, const half_t* y, const half_t* dy, const float* mean, int relu,
    float* sums, float* products) {
    gather<half_t>(rows, channels, x, y, dy, mean, relu, sums, products);
}
KEISEI_KERNEL(batch_norm_gradient_sums_f16)

// Combines the chunks in double: dGamma += invStd * products, dBeta += sums, and what pass 2 needs: meanGradient =
// sums / rows, meanProduct = invStd^2 * products / rows. 32 channels x 8 lanes a block of 256, grid ceil(C / 32). Reads
// 8 * chunks bytes and adds 2 * chunks times per channel.
extern "C" __global__ void __launch_bounds__(256) batch_norm_gradients(
    int chunks, int rows, int channels, const float* sums, const float* products, const float* invStd, float* dGamma,
    float* dBeta, float* meanGradient, float* meanProduct) {
    __shared__ double sumScratch[kThreads];
    __shared__ double productScratch[kThreads];
    unsigned column = blockIdx.x * 32 + threadIdx.x % 32;
    bool inside = column < (unsigned)channels;
    double sum = 0.0;
    double product = 0.0;
    for (unsigned i = threadIdx.x / 32; inside && i < (unsigned)chunks; i += kThreads / 32) {
        sum += sums[i * channels + column];
        product += products[i * channels + column];
    }
    sumScratch[threadIdx.x] = sum;
    productScratch[threadIdx.x] = product;
    __syncthreads();
    if (threadIdx.x < 32 && inside) {
        sum = 0.0;
        product = 0.0;
        for (unsigned lane = 0; lane < kThreads / 32; lane++) {
            sum += sumScratch[lane * 32 + threadIdx.x];
            product += productScratch[lane * 32 + threadIdx.x];
        }
        double deviation = invStd[column];
        product *= deviation;
        dGamma[column] = (float)(dGamma[column] + product);
        dBeta[column] = (float)(dBeta[column] + sum);
        meanGradient[column] = (float)(sum / rows);
        meanProduct[column] = (float)(product / rows * deviation);
    }
}
KEISEI_KERNEL(batch_norm_gradients)

// Batch statistics, pass 2: dx = gamma * invStd * (g - meanGradient - (x - mean) * meanProduct), dResidual = g (null:
// not wanted). Reads 2s bytes (3s with ReLU; s more for each that accumulates), writes s (2s with dResidual) per
// element; 6 FLOP.
extern "C" __global__ void __launch_bounds__(256) batch_norm_data_gradient_f32(
    int rows, int channels, const float* x, const float* y, const float* dy, const float* mean, const float* invStd,
    const float* gamma, const float* meanGradient, const float* meanProduct, int relu, float* dx, int accumulate,
    float* dResidual, int accumulateResidual) {
    Operands<float> o = {x, y, dy, mean, invStd, gamma, relu != 0, dx, accumulate != 0, dResidual,
                         accumulateResidual != 0};
    backward_any<false, true, true>(rows, channels, o, meanGradient, meanProduct, nullptr, nullptr);
}
KEISEI_KERNEL(batch_norm_data_gradient_f32)

extern "C" __global__ void __launch_bounds__(256) batch_norm_data_gradient_f16(
    int rows, int channels, const half_t* x, const half_t* y, const half_t* dy, const float* mean, const float* invStd,
    const float* gamma, const float* meanGradient, const float* meanProduct, int relu, half_t* dx, int accumulate,
    half_t* dResidual, int accumulateResidual) {
    Operands<half_t> o = {x, y, dy, mean, invStd, gamma, relu != 0, dx, accumulate != 0, dResidual,
                          accumulateResidual != 0};
    backward_any<false, true, true>(rows, channels, o, meanGradient, meanProduct, nullptr, nullptr);
}
KEISEI_KERNEL(batch_norm_data_gradient_f16)

// Constant statistics, the only pass: dx = gamma * invStd * g, dResidual = g (null: not wanted), and the sums and
// products of pass 1. Reads 2s bytes (3s with ReLU; s more for each that accumulates), writes s (2s with dResidual) per
// element; 6 FLOP.
extern "C" __global__ void __launch_bounds__(256) batch_norm_constant_gradient_f32(
    int rows, int channels, const float* x, const float* y, const float* dy, const float* mean, const float* invStd,
    const float* gamma, int relu, float* dx, int accumulate, float* dResidual, int accumulateResidual, float* sums,
    float* products) {
    Operands<float> o = {x, y, dy, mean, invStd, gamma, relu != 0, dx, accumulate != 0, dResidual,
                         accumulateResidual != 0};
    backward_any<true, true, false>(rows, channels, o, nullptr, nullptr, sums, products);
}
KEISEI_KERNEL(batch_norm_constant_gradient_f32)

extern "C" __global__ void __launch_bounds__(256) batch_norm_constant_gradient_f16(
    int rows, int channels, const half_t* x, const half_t* y, const half_t* dy, const float* mean, const float* invStd,
    const float* gamma, int relu, half_t* dx, int accumulate, half_t* dResidual, int accumulateResidual, float* sums,
    float* products) {
    Operands<half_t> o = {x, y, dy, mean, invStd, gamma, relu != 0, dx, accumulate != 0, dResidual,
                          accumulateResidual != 0};
    backward_any<true, true, false>(rows, channels, o, nullptr, nullptr, sums, products);
}
KEISEI_KERNEL(batch_norm_constant_gradient_f16)
