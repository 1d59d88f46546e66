#include "convolution.h"

#include "../common/matrix.h"

namespace softcuda {
namespace {

/** One image as floats, [pixel, channel]. */
std::vector<float> loadImage(const Layout& t, const void* data, int image) {
    int channels = t.size[1];
    std::vector<float> pixels((size_t)t.size[2] * t.size[3] * channels);
    for (int h = 0; h < t.size[2]; h++) {
        for (int w = 0; w < t.size[3]; w++) {
            int64_t from = image * t.stride[0] + h * t.stride[2] + w * t.stride[3];
            loadRow(data, t.type, from, t.stride[1], channels, &pixels[((size_t)h * t.size[3] + w) * channels]);
        }
    }
    return pixels;
}

void storeImage(const Layout& t, void* data, int image, const float* pixels, int64_t pixelStride, float alpha, float beta) {
    for (int h = 0; h < t.size[2]; h++) {
        for (int w = 0; w < t.size[3]; w++) {
            int64_t to = image * t.stride[0] + h * t.stride[2] + w * t.stride[3];
            storeRow(data, t.type, to, t.stride[1], t.size[1], pixels + ((int64_t)h * t.size[3] + w) * pixelStride, alpha, beta);
        }
    }
}

/** The filter of one output channel as floats, [tap, input channel]; taps in the order in which patches have them. */
void loadFilter(const ConvolutionShape& s, const void* w, int channel, float* row) {
    int taps = s.w.size[2] * s.w.size[3], inputs = s.w.size[1];
    for (int tap = 0; tap < taps; tap++) {
        int at = s.flipped ? taps - 1 - tap : tap;
        int64_t from = channel * s.w.stride[0] + at / s.w.size[3] * s.w.stride[2] + at % s.w.size[3] * s.w.stride[3];
        loadRow(w, s.w.type, from, s.w.stride[1], inputs, row + (size_t)tap * inputs);
    }
}

/** Calls {@code visit(pixel of y, tap, pixel of x)} for each tap within the image. */
template <class Visit>
void forEachTap(const ConvolutionShape& s, Visit visit) {
    for (int i = 0; i < s.y.size[2]; i++) {
        for (int j = 0; j < s.y.size[3]; j++) {
            for (int a = 0; a < s.w.size[2]; a++) {
                int h = i * s.step[0] - s.padding[0] + a * s.dilation[0];
                if (h < 0 || h >= s.x.size[2]) continue;
                for (int b = 0; b < s.w.size[3]; b++) {
                    int v = j * s.step[1] - s.padding[1] + b * s.dilation[1];
                    if (v < 0 || v >= s.x.size[3]) continue;
                    visit(i * s.y.size[3] + j, a * s.w.size[3] + b, h * s.x.size[3] + v);
                }
            }
        }
    }
}

int patchSize(const ConvolutionShape& s) { return s.w.size[1] * s.w.size[2] * s.w.size[3]; }

/** The patch of each output pixel, [pixel of y, tap, input channel]; zeros outside of the image. */
std::vector<float> patches(const ConvolutionShape& s, const std::vector<float>& pixels) {
    size_t patch = patchSize(s), channels = s.x.size[1];
    std::vector<float> result((size_t)s.y.size[2] * s.y.size[3] * patch);
    forEachTap(s, [&](int to, int tap, int from) {
        memcpy(&result[to * patch + tap * channels], &pixels[from * channels], channels * sizeof(float));
    });
    return result;
}

}  // namespace

void convolve(const ConvolutionShape& s, const void* x, const void* w, const Epilogue& epilogue) {
    int outputs = s.w.size[0], patch = patchSize(s), pixels = s.y.size[2] * s.y.size[3];
    std::vector<float> filters((size_t)outputs * patch);
    for (int k = 0; k < outputs; k++) loadFilter(s, w, k, &filters[(size_t)k * patch]);
    PackedMatrix right(patch, outputs, [&](int q, float* row) {
        for (int k = 0; k < outputs; k++) row[k] = filters[(size_t)k * patch + q];
    });
    std::vector<float> result((size_t)pixels * resultStride(outputs));
    for (int n = 0; n < s.x.size[0]; n++) {
        std::vector<float> left = patches(s, loadImage(s.x, x, n));
        std::fill(result.begin(), result.end(), 0.0f);
        multiplyAdd(pixels, left.data(), patch, right, result.data());
        epilogue(n, result.data(), resultStride(outputs));
    }
}

void convolveForward(const ConvolutionShape& s, float alpha, const void* x, const void* w, float beta, void* y, const Epilogue& epilogue) {
    convolve(s, x, w, [&](int image, float* results, int64_t stride) {
        if (epilogue) epilogue(image, results, stride);
        storeImage(s.y, y, image, results, stride, alpha, beta);
    });
}

void convolveBackwardData(const ConvolutionShape& s, float alpha, const void* w, const void* dy, float beta, void* dx) {
    int outputs = s.w.size[0], patch = patchSize(s), pixels = s.y.size[2] * s.y.size[3], channels = s.x.size[1];
    PackedMatrix right(outputs, patch, [&](int k, float* row) { loadFilter(s, w, k, row); });
    int64_t stride = resultStride(patch);
    std::vector<float> result((size_t)pixels * stride), image((size_t)s.x.size[2] * s.x.size[3] * channels);
    for (int n = 0; n < s.x.size[0]; n++) {
        std::vector<float> left = loadImage(s.y, dy, n);
        std::fill(result.begin(), result.end(), 0.0f);
        multiplyAdd(pixels, left.data(), outputs, right, result.data());
        std::fill(image.begin(), image.end(), 0.0f);
        forEachTap(s, [&](int from, int tap, int to) {
            const float* gradient = &result[from * stride + (size_t)tap * channels];
            float* sum = &image[(size_t)to * channels];
            for (int c = 0; c < channels; c++) sum[c] += gradient[c];
        });
        storeImage(s.x, dx, n, image.data(), channels, alpha, beta);
    }
}

void convolveBackwardFilter(const ConvolutionShape& s, float alpha, const void* x, const void* dy, float beta, void* dw, bool reversed) {
    int outputs = s.w.size[0], patch = patchSize(s), pixels = s.y.size[2] * s.y.size[3], channels = s.x.size[1], images = s.x.size[0];
    int64_t stride = resultStride(patch);
    std::vector<float> result((size_t)outputs * stride), left((size_t)outputs * pixels);
    for (int i = 0; i < images; i++) {
        int n = reversed ? images - 1 - i : i;
        std::vector<float> right = patches(s, loadImage(s.x, x, n)), gradient = loadImage(s.y, dy, n);
        for (int p = 0; p < pixels; p++) {
            for (int k = 0; k < outputs; k++) left[(size_t)k * pixels + p] = gradient[(size_t)p * outputs + k];
        }
        PackedMatrix packed(pixels, patch, [&](int p, float* row) { memcpy(row, &right[(size_t)p * patch], patch * sizeof(float)); });
        multiplyAdd(outputs, left.data(), pixels, packed, result.data());
    }
    int taps = s.w.size[2] * s.w.size[3];
    for (int k = 0; k < outputs; k++) {
        for (int tap = 0; tap < taps; tap++) {
            int at = s.flipped ? taps - 1 - tap : tap;
            int64_t to = k * s.w.stride[0] + at / s.w.size[3] * s.w.stride[2] + at % s.w.size[3] * s.w.stride[3];
            storeRow(dw, s.w.type, to, s.w.stride[1], channels, &result[k * stride + (size_t)tap * channels], alpha, beta);
        }
    }
}

}  // namespace softcuda
