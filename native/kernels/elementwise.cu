// Element-wise primitives. All are bound by memory: the comments count bytes per element for s-byte storage.
#include "keisei.cuh"

namespace {

template <int W, typename T, typename F, typename... In>
__device__ __forceinline__ void map_values(F f, T* y, Vec<In, W>... in) {
    Vec<T, W> out;
#pragma unroll
    for (int k = 0; k < W; k++) {
        out.v[k] = stored<T>(f(to_float(in.v[k])...));
    }
    store<W>(y, out);
}

/** y[i] = f(in[i]...), W elements at a time where all operands are aligned. y may be one of the inputs. */
template <int W, typename T, typename F, typename... In>
__device__ __forceinline__ void map(unsigned n, F f, T* y, const In*... in) {
    unsigned done = 0;
    if (aligned(y, in...)) {
        done = n / W * W;
        for (unsigned i = thread_of_grid(); i < n / W; i += threads_of_grid()) {
            map_values<W>(f, y + i * W, load<W>(in + i * W)...);
        }
    }
    for (unsigned i = done + thread_of_grid(); i < n; i += threads_of_grid()) {
        map_values<1>(f, y + i, load<1>(in + i)...);
    }
}

template <typename T>
__device__ __forceinline__ void fill(unsigned n, T value, T* y) {
    constexpr int W = Width<T>::value;
    unsigned done = 0;
    if (aligned(y)) {
        Vec<T, W> values;
#pragma unroll
        for (int k = 0; k < W; k++) {
            values.v[k] = value;
        }
        done = n / W * W;
        for (unsigned i = thread_of_grid(); i < n / W; i += threads_of_grid()) {
            store<W>(y + i * W, values);
        }
    }
    for (unsigned i = done + thread_of_grid(); i < n; i += threads_of_grid()) {
        y[i] = value;
    }
}

template <typename T>
__device__ __forceinline__ void copy(unsigned n, const T* x, T* y) {
    constexpr int W = Width<T>::value;
    unsigned done = 0;
    if (aligned(x, y)) {
        done = n / W * W;
        for (unsigned i = thread_of_grid(); i < n / W; i += threads_of_grid()) {
            store<W>(y + i * W, load<W>(x + i * W));
        }
    }
    for (unsigned i = done + thread_of_grid(); i < n; i += threads_of_grid()) {
        y[i] = x[i];
    }
}

// The order of keisei.device.Activation.
constexpr int kRelu = 0;
constexpr int kSigmoid = 1;

__device__ __forceinline__ float activation(int f, float x) {
    return f == kRelu ? (x <= 0.0f ? 0.0f : x) : f == kSigmoid ? 1.0f / (1.0f + expf(-x)) : tanhf(x);
}

/** f'(x) * dy from y = f(x); 0 where f' is 0, whatever dy. */
__device__ __forceinline__ float activation_gradient(int f, float y, float dy) {
    float slope = f == kRelu ? (y > 0.0f ? 1.0f : 0.0f) : f == kSigmoid ? y * (1.0f - y) : 1.0f - y * y;
    return slope == 0.0f ? 0.0f : slope * dy;
}

template <typename T>
__device__ __forceinline__ void activate_backward(
    unsigned n, int f, const T* y, const T* dy, T* dx, int accumulate) {
    constexpr int W = Width<T>::value;
    if (accumulate) {
        auto sum = [f](float out, float g, float before) { return before + activation_gradient(f, out, g); };
        map<W>(n, sum, dx, y, dy, (const T*)dx);
    } else {
        map<W>(n, [f](float out, float g) { return activation_gradient(f, out, g); }, dx, y, dy);
    }
}

/** [N, spatial, C] to [N, C, spatial]. Writes run through memory in order; reads of one board stay in the cache. */
template <typename In, typename Out>
__device__ __forceinline__ void flatten(unsigned n, unsigned spatial, unsigned channels, const In* x, Out* y) {
    for (unsigned i = thread_of_grid(); i < n; i += threads_of_grid()) {
        unsigned board = i / (spatial * channels);
        unsigned inside = i - board * spatial * channels;
        unsigned channel = inside / spatial;
        unsigned square = inside - channel * spatial;
        y[i] = stored<Out>(to_float(x[(board * spatial + square) * channels + channel]));
    }
}

/** [N, C, spatial] to [N, spatial, C]. */
template <typename In, typename Out>
__device__ __forceinline__ void unflatten(
    unsigned n, unsigned spatial, unsigned channels, const In* dy, Out* dx, int accumulate) {
    for (unsigned i = thread_of_grid(); i < n; i += threads_of_grid()) {
        unsigned board = i / (spatial * channels);
        unsigned inside = i - board * spatial * channels;
        unsigned square = inside / channels;
        unsigned channel = inside - square * channels;
        float value = to_float(dy[(board * channels + channel) * spatial + square]);
        dx[i] = stored<Out>(accumulate ? to_float(dx[i]) + value : value);
    }
}

/** One pack of a row: scale and shift of the thread's channels are in registers. */
template <int W, typename T>
__device__ __forceinline__ void epilogue(
    unsigned rows, unsigned channels, const T* x, const float* scale, const float* shift, const T* residual, int relu,
    T* y) {
    for (unsigned t = blockIdx.y; t < ChannelTile<W>::count(channels); t += gridDim.y) {
        ChannelTile<W> tile(channels, t);
        if (!tile.active) {
            continue;
        }
        float factor[W];
        float offset[W];
#pragma unroll
        for (int k = 0; k < W; k++) {
            factor[k] = scale ? scale[tile.column + k] : 1.0f;
            offset[k] = shift ? shift[tile.column + k] : 0.0f;
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
                float value = to_float(in.v[k]) * factor[k] + offset[k];
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
__device__ __forceinline__ void epilogue_any(
    unsigned rows, unsigned channels, const T* x, const float* scale, const float* shift, const T* residual, int relu,
    T* y) {
    constexpr int W = Width<T>::value;
    if (channels % W == 0 && aligned(x, residual, y)) {
        epilogue<W>(rows, channels, x, scale, shift, residual, relu, y);
    } else {
        epilogue<1>(rows, channels, x, scale, shift, residual, relu, y);
    }
}

} // namespace

// y[i] = value. Writes s bytes.
extern "C" __global__ void fill_f32(int n, float value, float* y) {
    fill<float>(n, value, y);
}
KEISEI_KERNEL(fill_f32)

extern "C" __global__ void fill_f16(int n, float value, half_t* y) {
    fill<half_t>(n, to_half(value), y);
}
KEISEI_KERNEL(fill_f16)

extern "C" __global__ void fill_i32(int n, int value, int* y) {
    fill<int>(n, value, y);
}
KEISEI_KERNEL(fill_i32)

extern "C" __global__ void fill_u8(int n, int value, unsigned char* y) {
    fill<unsigned char>(n, (unsigned char)value, y);
}
KEISEI_KERNEL(fill_u8)

// y[i] = x[i], elements of 1, 2 or 4 bytes. Reads and writes s bytes.
extern "C" __global__ void copy_1(int n, const unsigned char* x, unsigned char* y) {
    copy<unsigned char>(n, x, y);
}
KEISEI_KERNEL(copy_1)

extern "C" __global__ void copy_2(int n, const unsigned short* x, unsigned short* y) {
    copy<unsigned short>(n, x, y);
}
KEISEI_KERNEL(copy_2)

extern "C" __global__ void copy_4(int n, const unsigned* x, unsigned* y) {
    copy<unsigned>(n, x, y);
}
KEISEI_KERNEL(copy_4)

// Conversions. 6 bytes.
extern "C" __global__ void copy_f32_f16(int n, const float* x, half_t* y) {
    map<8>(n, [](float value) { return value; }, y, x);
}
KEISEI_KERNEL(copy_f32_f16)

extern "C" __global__ void copy_f16_f32(int n, const half_t* x, float* y) {
    map<8>(n, [](float value) { return value; }, y, x);
}
KEISEI_KERNEL(copy_f16_f32)

// out[i] = a[i] + b[i]; out may be a or b. Reads 2s, writes s bytes; 1 FLOP.
extern "C" __global__ void add_f32(int n, const float* a, const float* b, float* out) {
    map<4>(n, [](float u, float v) { return u + v; }, out, a, b);
}
KEISEI_KERNEL(add_f32)

extern "C" __global__ void add_f16(int n, const half_t* a, const half_t* b, half_t* out) {
    map<8>(n, [](float u, float v) { return u + v; }, out, a, b);
}
KEISEI_KERNEL(add_f16)

// x[i] *= factor. Reads s, writes s bytes; 1 FLOP.
extern "C" __global__ void scale_f32(int n, float factor, float* x) {
    map<4>(n, [factor](float value) { return value * factor; }, x, (const float*)x);
}
KEISEI_KERNEL(scale_f32)

extern "C" __global__ void scale_f16(int n, float factor, half_t* x) {
    map<8>(n, [factor](float value) { return value * factor; }, x, (const half_t*)x);
}
KEISEI_KERNEL(scale_f16)

// y[i] = f(x[i]); y may be x. Reads s, writes s bytes; 1 FLOP (ReLU) to about 20 (tanh).
extern "C" __global__ void activate_f32(int n, int f, const float* x, float* y) {
    map<4>(n, [f](float value) { return activation(f, value); }, y, x);
}
KEISEI_KERNEL(activate_f32)

extern "C" __global__ void activate_f16(int n, int f, const half_t* x, half_t* y) {
    map<8>(n, [f](float value) { return activation(f, value); }, y, x);
}
KEISEI_KERNEL(activate_f16)

// dx[i] = or += f'(x[i]) * dy[i] from y. Reads 2s (3s to accumulate), writes s bytes; up to 4 FLOP.
extern "C" __global__ void activate_backward_f32(
    int n, int f, const float* y, const float* dy, float* dx, int accumulate) {
    activate_backward<float>(n, f, y, dy, dx, accumulate);
}
KEISEI_KERNEL(activate_backward_f32)

extern "C" __global__ void activate_backward_f16(
    int n, int f, const half_t* y, const half_t* dy, half_t* dx, int accumulate) {
    activate_backward<half_t>(n, f, y, dy, dx, accumulate);
}
KEISEI_KERNEL(activate_backward_f16)

// y[N, C, spatial] = x[N, spatial, C], n elements. Reads s(x), writes s(y) bytes.
extern "C" __global__ void flatten_f32_f32(int n, int spatial, int channels, const float* x, float* y) {
    flatten(n, spatial, channels, x, y);
}
KEISEI_KERNEL(flatten_f32_f32)

extern "C" __global__ void flatten_f16_f16(int n, int spatial, int channels, const half_t* x, half_t* y) {
    flatten(n, spatial, channels, x, y);
}
KEISEI_KERNEL(flatten_f16_f16)

extern "C" __global__ void flatten_f16_f32(int n, int spatial, int channels, const half_t* x, float* y) {
    flatten(n, spatial, channels, x, y);
}
KEISEI_KERNEL(flatten_f16_f32)

extern "C" __global__ void flatten_f32_f16(int n, int spatial, int channels, const float* x, half_t* y) {
    flatten(n, spatial, channels, x, y);
}
KEISEI_KERNEL(flatten_f32_f16)

// dx[N, spatial, C] = or += dy[N, C, spatial], n elements. Reads s(dy) (+ s(dx) to accumulate), writes s(dx) bytes.
extern "C" __global__ void unflatten_f32_f32(
    int n, int spatial, int channels, const float* dy, float* dx, int accumulate) {
    unflatten(n, spatial, channels, dy, dx, accumulate);
}
KEISEI_KERNEL(unflatten_f32_f32)

extern "C" __global__ void unflatten_f16_f16(
    int n, int spatial, int channels, const half_t* dy, half_t* dx, int accumulate) {
    unflatten(n, spatial, channels, dy, dx, accumulate);
}
KEISEI_KERNEL(unflatten_f16_f16)

extern "C" __global__ void unflatten_f16_f32(
    int n, int spatial, int channels, const half_t* dy, float* dx, int accumulate) {
    unflatten(n, spatial, channels, dy, dx, accumulate);
}
KEISEI_KERNEL(unflatten_f16_f32)

extern "C" __global__ void unflatten_f32_f16(
    int n, int spatial, int channels, const float* dy, half_t* dx, int accumulate) {
    unflatten(n, spatial, channels, dy, dx, accumulate);
}
KEISEI_KERNEL(unflatten_f32_f16)

// y[row, k] = f(scale[k] * x[row, k] + shift[k] + residual[row, k]), f = ReLU or identity; scale, shift and residual
// may be null; y may be x or residual. Reads s (2s with residual), writes s bytes; up to 4 FLOP. A block of 256
// threads takes 256 packs of channels; grid (blocks over rows, tiles of channels).
extern "C" __global__ void epilogue_f32(
    int rows, int channels, const float* x, const float* scale, const float* shift, const float* residual, int relu,
    float* y) {
    epilogue_any<float>(rows, channels, x, scale, shift, residual, relu, y);
}
KEISEI_KERNEL(epilogue_f32)

extern "C" __global__ void epilogue_f16(
    int rows, int channels, const half_t* x, const float* scale, const float* shift, const half_t* residual, int relu,
    half_t* y) {
    epilogue_any<half_t>(rows, channels, x, scale, shift, residual, relu, y);
}
KEISEI_KERNEL(epilogue_f16)
