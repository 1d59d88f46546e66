// Working copies of master weights and the way back of their gradients. A weight is rows of channels ([K * R * S, C] of
// a convolution, [out, in] of a linear layer); libraries want channels (and output rows) padded with zeros.
#include "keisei.cuh"

namespace {

/** One thread an element of the padded copy. */
template <typename T>
__device__ __forceinline__ void pad(
    unsigned rows, unsigned channels, unsigned paddedRows, unsigned paddedChannels, const float* x, T* y) {
    unsigned n = paddedRows * paddedChannels;
    for (unsigned i = thread_of_grid(); i < n; i += threads_of_grid()) {
        unsigned row = i / paddedChannels;
        unsigned channel = i - row * paddedChannels;
        bool inside = row < rows && channel < channels;
        y[i] = stored<T>(inside ? x[row * channels + channel] : 0.0f);
    }
}

/** One thread an element of the master. */
template <typename T>
__device__ __forceinline__ void accumulate(
    unsigned rows, unsigned channels, unsigned paddedChannels, const T* dw, float* master) {
    unsigned n = rows * channels;
    for (unsigned i = thread_of_grid(); i < n; i += threads_of_grid()) {
        unsigned row = i / channels;
        unsigned channel = i - row * channels;
        master[i] += to_float(dw[row * paddedChannels + channel]);
    }
}

} // namespace

// y[paddedRows, paddedChannels] = x[rows, channels], zeros around it. Reads 4, writes s bytes.
extern "C" __global__ void weights_pad_f32(
    int rows, int channels, int paddedRows, int paddedChannels, const float* x, float* y) {
    pad<float>(rows, channels, paddedRows, paddedChannels, x, y);
}
KEISEI_KERNEL(weights_pad_f32)

extern "C" __global__ void weights_pad_f16(
    int rows, int channels, int paddedRows, int paddedChannels, const float* x, half_t* y) {
    pad<half_t>(rows, channels, paddedRows, paddedChannels, x, y);
}
KEISEI_KERNEL(weights_pad_f16)

// master[rows, channels] += dw[rows, paddedChannels]. Reads s + 4, writes 4 bytes; 1 FLOP.
extern "C" __global__ void weights_accumulate_f32(
    int rows, int channels, int paddedChannels, const float* dw, float* master) {
    accumulate<float>(rows, channels, paddedChannels, dw, master);
}
KEISEI_KERNEL(weights_accumulate_f32)

extern "C" __global__ void weights_accumulate_f16(
    int rows, int channels, int paddedChannels, const half_t* dw, float* master) {
    accumulate<half_t>(rows, channels, paddedChannels, dw, master);
}
KEISEI_KERNEL(weights_accumulate_f16)
