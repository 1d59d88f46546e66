// Squeeze-and-excitation (Hu et al. 2018) with the residual sum and ReLU behind it. A block of 256 threads a position;
// x [N, spatial, C] in s-byte storage, everything else in float. The second reading of x finds it in the L2 cache.
#include "keisei.cuh"

namespace {

constexpr unsigned kLanesPerDot = 8;

/**
 * Dot product of a row in global memory with a vector in shared memory, by 8 neighbouring lanes that read neighbouring
 * elements; all 8 get it. The whole warp must take part. `fours`: both are aligned and count is a multiple of 4.
 */
__device__ __forceinline__ float dot_by_lanes(const float* row, const float* vector, unsigned count, bool fours) {
    unsigned lane = threadIdx.x % kLanesPerDot;
    float sum = 0.0f;
    if (fours) {
        for (unsigned i = lane * 4; i < count; i += kLanesPerDot * 4) {
            Vec<float, 4> a = load<4>(row + i);
            Vec<float, 4> b = load<4>(vector + i);
            sum += a.v[0] * b.v[0] + a.v[1] * b.v[1] + (a.v[2] * b.v[2] + a.v[3] * b.v[3]);
        }
    } else {
        for (unsigned i = lane; i < count; i += kLanesPerDot) {
            sum += row[i] * vector[i];
        }
    }
    for (unsigned distance = kLanesPerDot / 2; distance > 0; distance /= 2) {
        sum += __shfl_xor_sync(kFullWarp, sum, distance);
    }
    return sum;
}

__device__ __forceinline__ unsigned rounded_to_four(unsigned count) {
    return (count + 3) / 4 * 4;
}

/** sums[c] of terms(offset of a pack in the position) over the squares, into shared memory. Ends with a barrier. */
template <int W, typename F>
__device__ __forceinline__ void sum_over_squares(
    unsigned spatial, unsigned channels, float* scratch, float* sums, F terms) {
    for (unsigned t = 0; t < ChannelTile<W>::count(channels); t++) {
        ChannelTile<W> tile(channels, t);
        if (tile.active) {
            float sum[W] = {};
            for (unsigned square = tile.lane; square < spatial; square += tile.lanes) {
                terms(square * channels + tile.column, sum);
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
            sums[t * kThreads * W + c] = total;
        }
        __syncthreads();
    }
}

/** The gradient behind the ReLU. */
template <int W, typename T>
__device__ __forceinline__ void through_relu(bool relu, const T* y, const T* dy, unsigned at, float* gradient) {
    Vec<T, W> g = load<W>(dy + at);
    Vec<T, W> out;
    if (relu) {
        out = load<W>(y + at);
    }
#pragma unroll
    for (int k = 0; k < W; k++) {
        gradient[k] = relu && to_float(out.v[k]) <= 0.0f ? 0.0f : to_float(g.v[k]);
    }
}

template <int W, typename T>
__device__ __forceinline__ void forward(
    unsigned spatial, unsigned channels, unsigned hidden, const T* x, const float* w1, const float* b1,
    const float* w2, const float* b2, const T* residual, bool relu, float* pooled, float* hiddenOut, float* gate, T* y,
    float* scratch, float* shared) {
    float* pool = shared;
    float* unit = pool + rounded_to_four(channels);
    float* factor = unit + rounded_to_four(hidden);
    sum_over_squares<W>(spatial, channels, scratch, pool, [&](unsigned at, float* sum) {
        Vec<T, W> value = load<W>(x + at);
#pragma unroll
        for (int k = 0; k < W; k++) {
            sum[k] += to_float(value.v[k]);
        }
    });
    float share = 1.0f / (float)spatial;
    for (unsigned c = threadIdx.x; c < channels; c += kThreads) {
        pool[c] *= share;
        pooled[c] = pool[c];
    }
    __syncthreads();
    bool fours = channels % 4 == 0 && aligned(w1);
    for (unsigned base = 0; base < hidden; base += kThreads / kLanesPerDot) {
        unsigned i = base + threadIdx.x / kLanesPerDot;
        float sum = dot_by_lanes(w1 + (i < hidden ? i * channels : 0), pool, channels, fours);
        if (i < hidden && threadIdx.x % kLanesPerDot == 0) {
            float value = b1[i] + sum;
            unit[i] = value < 0.0f ? 0.0f : value;
            hiddenOut[i] = unit[i];
        }
    }
    __syncthreads();
    fours = hidden % 4 == 0 && aligned(w2);
    for (unsigned base = 0; base < channels; base += kThreads / kLanesPerDot) {
        unsigned c = base + threadIdx.x / kLanesPerDot;
        float sum = dot_by_lanes(w2 + (c < channels ? c * hidden : 0), unit, hidden, fours);
        if (c < channels && threadIdx.x % kLanesPerDot == 0) {
            factor[c] = 1.0f / (1.0f + expf(-(b2[c] + sum)));
            gate[c] = factor[c];
        }
    }
    __syncthreads();
    unsigned packs = channels / W;
    for (unsigned i = threadIdx.x; i < spatial * packs; i += kThreads) {
        unsigned at = i * W;
        unsigned column = i % packs * W;
        Vec<T, W> in = load<W>(x + at);
        Vec<T, W> add;
        if (residual) {
            add = load<W>(residual + at);
        }
        Vec<T, W> out;
#pragma unroll
        for (int k = 0; k < W; k++) {
            float value = to_float(in.v[k]) * factor[column + k];
            if (residual) {
                value += to_float(add.v[k]);
            }
            out.v[k] = stored<T>(relu && value < 0.0f ? 0.0f : value);
        }
        store<W>(y + at, out);
    }
}

template <typename T>
__device__ __forceinline__ void forward_any(
    unsigned spatial, unsigned channels, unsigned hidden, const T* x, const float* w1, const float* b1,
    const float* w2, const float* b2, const T* residual, bool relu, float* pooled, float* hiddenOut, float* gate, T* y,
    float* shared) {
    constexpr int W = Width<T>::value;
    __shared__ float scratch[kThreads * W];
    unsigned at = blockIdx.x * spatial * channels;
    x += at;
    y += at;
    residual = residual ? residual + at : nullptr;
    pooled += blockIdx.x * channels;
    hiddenOut += blockIdx.x * hidden;
    gate += blockIdx.x * channels;
    if (channels % W == 0 && aligned(x, residual, y)) {
        forward<W>(
            spatial, channels, hidden, x, w1, b1, w2, b2, residual, relu, pooled, hiddenOut, gate, y, scratch,
            shared);
    } else {
        forward<1>(
            spatial, channels, hidden, x, w1, b1, w2, b2, residual, relu, pooled, hiddenOut, gate, y, scratch,
            shared);
    }
}

/** All of one position but the gradients of the weights, whose factors it leaves in the two gradient arrays. */
template <int W, typename T>
__device__ __forceinline__ void backward(
    unsigned spatial, unsigned channels, unsigned hidden, const T* x, const T* y, const T* dy, const float* w1,
    const float* w2, bool relu, const float* hiddenOut, const float* gate, T* dx, bool accumulate, T* dResidual,
    bool accumulateResidual, float* gateGradient, float* hiddenGradient, float* scratch, float* shared) {
    float* ofGate = shared;
    float* ofHidden = ofGate + rounded_to_four(channels);
    float* ofPool = ofHidden + rounded_to_four(hidden);
    sum_over_squares<W>(spatial, channels, scratch, ofGate, [&](unsigned at, float* sum) {
        float g[W];
        through_relu<W>(relu, y, dy, at, g);
        Vec<T, W> value = load<W>(x + at);
#pragma unroll
        for (int k = 0; k < W; k++) {
            sum[k] += g[k] * to_float(value.v[k]);
        }
    });
    for (unsigned c = threadIdx.x; c < channels; c += kThreads) {
        float s = gate[c];
        ofGate[c] *= s * (1.0f - s);
        gateGradient[c] = ofGate[c];
    }
    __syncthreads();
    for (unsigned base = 0; base < hidden; base += kThreads) {
        // Neighbouring threads have neighbouring hidden units; `lanes` threads share a unit's channels.
        unsigned width = smaller(hidden - base, kThreads);
        unsigned lanes = kThreads / width;
        unsigned lane = threadIdx.x / width;
        unsigned i = base + threadIdx.x % width;
        float sum = 0.0f;
        for (unsigned c = lane; lane < lanes && c < channels; c += lanes) {
            sum += ofGate[c] * w2[c * hidden + i];
        }
        scratch[threadIdx.x] = sum;
        __syncthreads();
        if (threadIdx.x < width) {
            float total = 0.0f;
            for (unsigned part = 0; part < lanes; part++) {
                total += scratch[part * width + threadIdx.x];
            }
            total = hiddenOut[i] <= 0.0f ? 0.0f : total;
            ofHidden[i] = total;
            hiddenGradient[i] = total;
        }
        __syncthreads();
    }
    float share = 1.0f / (float)spatial;
    for (unsigned c = threadIdx.x; c < channels; c += kThreads) {
        float sum = 0.0f;
        for (unsigned i = 0; i < hidden; i++) {
            sum += ofHidden[i] * w1[i * channels + c];
        }
        ofPool[c] = sum * share;
    }
    __syncthreads();
    unsigned packs = channels / W;
    for (unsigned i = threadIdx.x; i < spatial * packs; i += kThreads) {
        unsigned at = i * W;
        unsigned column = i % packs * W;
        float g[W];
        through_relu<W>(relu, y, dy, at, g);
        Vec<T, W> data;
        Vec<T, W> through;
        if (accumulate) {
            data = load<W>(dx + at);
        }
        if (dResidual && accumulateResidual) {
            through = load<W>(dResidual + at);
        }
#pragma unroll
        for (int k = 0; k < W; k++) {
            float value = g[k] * gate[column + k] + ofPool[column + k];
            data.v[k] = stored<T>(accumulate ? to_float(data.v[k]) + value : value);
            through.v[k] = stored<T>(accumulateResidual ? to_float(through.v[k]) + g[k] : g[k]);
        }
        store<W>(dx + at, data);
        if (dResidual) {
            store<W>(dResidual + at, through);
        }
    }
}

template <typename T>
__device__ __forceinline__ void backward_any(
    unsigned spatial, unsigned channels, unsigned hidden, const T* x, const T* y, const T* dy, const float* w1,
    const float* w2, bool relu, const float* hiddenOut, const float* gate, T* dx, bool accumulate, T* dResidual,
    bool accumulateResidual, float* gateGradient, float* hiddenGradient, float* shared) {
    constexpr int W = Width<T>::value;
    __shared__ float scratch[kThreads * W];
    unsigned at = blockIdx.x * spatial * channels;
    x += at;
    y = relu ? y + at : nullptr;
    dy += at;
    dx += at;
    dResidual = dResidual ? dResidual + at : nullptr;
    hiddenOut += blockIdx.x * hidden;
    gate += blockIdx.x * channels;
    gateGradient += blockIdx.x * channels;
    hiddenGradient += blockIdx.x * hidden;
    if (channels % W == 0 && aligned(x, y, dy, dx, dResidual)) {
        backward<W>(
            spatial, channels, hidden, x, y, dy, w1, w2, relu, hiddenOut, gate, dx, accumulate, dResidual,
            accumulateResidual, gateGradient, hiddenGradient, scratch, shared);
    } else {
        backward<1>(
            spatial, channels, hidden, x, y, dy, w1, w2, relu, hiddenOut, gate, dx, accumulate, dResidual,
            accumulateResidual, gateGradient, hiddenGradient, scratch, shared);
    }
}

} // namespace

// p = mean of x, h = relu(W1 p + b1), s = sigmoid(W2 h + b2), y = f(x * s + residual); residual may be null; y may be x
// or residual. Grid N; dynamic shared memory: 4 bytes * (2 * C + H, each rounded up to 4). Per element of x: reads 2s
// (3s with residual; the second reading from L2), writes s bytes; 4 FLOP; per position 4 * C * H FLOP more.
extern "C" __global__ void __launch_bounds__(256) squeeze_excite_forward_f32(
    int spatial, int channels, int hidden, const float* x, const float* w1, const float* b1, const float* w2,
    const float* b2, const float* residual, int relu, float* pooled, float* hiddenOut, float* gate, float* y) {
    KEISEI_DYNAMIC_SHARED(float, shared);
    forward_any(spatial, channels, hidden, x, w1, b1, w2, b2, residual, relu != 0, pooled, hiddenOut, gate, y, shared);
}
KEISEI_KERNEL(squeeze_excite_forward_f32)

extern "C" __global__ void __launch_bounds__(256) squeeze_excite_forward_f16(
    int spatial, int channels, int hidden, const half_t* x, const float* w1, const float* b1, const float* w2,
    const float* b2, const half_t* residual, int relu, float* pooled, float* hiddenOut, float* gate, half_t* y) {
    KEISEI_DYNAMIC_SHARED(float, shared);
    forward_any(spatial, channels, hidden, x, w1, b1, w2, b2, residual, relu != 0, pooled, hiddenOut, gate, y, shared);
}
KEISEI_KERNEL(squeeze_excite_forward_f16)

// The gradients by x (dx) and residual (dResidual, null: not wanted), and the factors of the weights' gradients,
// gateGradient[N, C] and hiddenGradient[N, H]. Grid and shared memory as above. Per element of x: reads 3s (5s with
// ReLU; the second readings from L2; s more for each that accumulates), writes s (2s with dResidual) bytes; 6 FLOP; per
// position 4 * C * H FLOP more.
extern "C" __global__ void __launch_bounds__(256) squeeze_excite_backward_f32(
    int spatial, int channels, int hidden, const float* x, const float* y, const float* dy, const float* w1,
    const float* w2, int relu, const float* hiddenOut, const float* gate, float* dx, int accumulate, float* dResidual,
    int accumulateResidual, float* gateGradient, float* hiddenGradient) {
    KEISEI_DYNAMIC_SHARED(float, shared);
    backward_any(
        spatial, channels, hidden, x, y, dy, w1, w2, relu != 0, hiddenOut, gate, dx, accumulate != 0, dResidual,
        accumulateResidual != 0, gateGradient, hiddenGradient, shared);
}
KEISEI_KERNEL(squeeze_excite_backward_f32)

extern "C" __global__ void __launch_bounds__(256) squeeze_excite_backward_f16(
    int spatial, int channels, int hidden, const half_t* x, const half_t* y, const half_t* dy, const float* w1,
    const float* w2, int relu, const float* hiddenOut, const float* gate, half_t* dx, int accumulate,
    half_t* dResidual, int accumulateResidual, float* gateGradient, float* hiddenGradient) {
    KEISEI_DYNAMIC_SHARED(float, shared);
    backward_any(
        spatial, channels, hidden, x, y, dy, w1, w2, relu != 0, hiddenOut, gate, dx, accumulate != 0, dResidual,
        accumulateResidual != 0, gateGradient, hiddenGradient, shared);
}
KEISEI_KERNEL(squeeze_excite_backward_f16)
