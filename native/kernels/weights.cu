// Gradients of weights on their way into the float master gradient. A weight is rows of channels ([K * R * S, C] of a
// convolution, [out, in] of a linear layer); what libraries write may have more channels, which are left out.
#include "keisei.cuh"

namespace {

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
