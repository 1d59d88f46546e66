// The arithmetic of convolutions: in float, from and to tensors of any strides, as matrix products over patches.
#pragma once
#include <stdint.h>

#include <functional>

#include "../common/numbers.h"
#include "../common/services.h"

namespace softcuda {

/** Four dimensions: images, channels, height, width; or output channels, input channels, height, width of filters. */
struct Layout {
    int type = FLOAT32;
    int size[4] = {};
    int64_t stride[4] = {};

    size_t bytes() const {
        int64_t last = 0;
        for (int i = 0; i < 4; i++) last += (size[i] - 1) * stride[i];
        return (size_t)(last + 1) * typeBytes(type);
    }

    int64_t elements() const { return (int64_t)size[0] * size[1] * size[2] * size[3]; }

    bool sameSize(const Layout& other) const {
        for (int i = 0; i < 4; i++) {
            if (size[i] != other.size[i]) return false;
        }
        return true;
    }
};

struct ConvolutionShape {
    Layout x, w, y;
    int padding[2] = {}, step[2] = {1, 1}, dilation[2] = {1, 1};
    /** A convolution of mathematics instead of a cross-correlation. */
    bool flipped = false;

    int outputSize(int dimension) const {
        return (x.size[2 + dimension] + 2 * padding[dimension] - dilation[dimension] * (w.size[2 + dimension] - 1) - 1) / step[dimension] + 1;
    }

    /** Whether the three tensors fit together. */
    bool fits() const {
        return x.size[1] == w.size[1] && y.size[0] == x.size[0] && y.size[1] == w.size[0] && y.size[2] == outputSize(0) && y.size[3] == outputSize(1);
    }
};

/** Gets the results of one image, [pixel, channel] with this stride between pixels, before they are stored. */
typedef std::function<void(int image, float* results, int64_t stride)> Epilogue;

void convolveForward(const ConvolutionShape& shape, float alpha, const void* x, const void* w, float beta, void* y, const Epilogue& epilogue);

/** Forward, where the epilogue stores what it makes of the results. */
void convolve(const ConvolutionShape& shape, const void* x, const void* w, const Epilogue& epilogue);

void convolveBackwardData(const ConvolutionShape& shape, float alpha, const void* w, const void* dy, float beta, void* dx);

/** The order of the images is the other way round when {@code reversed}: another rounding. */
void convolveBackwardFilter(const ConvolutionShape& shape, float alpha, const void* x, const void* dy, float beta, void* dw, bool reversed);

}  // namespace softcuda
