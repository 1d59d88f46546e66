// Numbers in the storage types of the libraries, and rows of them to and from float.
#pragma once
#include <stddef.h>
#include <stdint.h>
#if defined(__F16C__) && defined(__AVX__)
#include <immintrin.h>
#endif

namespace softcuda {

/** cudaDataType and cudnnDataType agree on these. */
enum NumberType { FLOAT32 = 0, FLOAT64 = 1, FLOAT16 = 2 };

inline bool isFloatOrHalf(int type) { return type == FLOAT32 || type == FLOAT16; }

inline size_t typeBytes(int type) { return type == FLOAT64 ? 8 : type == FLOAT32 ? 4 : 2; }

inline float load(const void* data, int type, int64_t index) {
    return type == FLOAT32 ? ((const float*)data)[index] : (float)((const _Float16*)data)[index];
}

inline void store(void* data, int type, int64_t index, float value) {
    if (type == FLOAT32) ((float*)data)[index] = value;
    else ((_Float16*)data)[index] = (_Float16)value;
}

/** Reads {@code count} elements that lie {@code stride} apart. */
inline void loadRow(const void* data, int type, int64_t index, int64_t stride, int count, float* row) {
    int i = 0;
    if (stride == 1 && type == FLOAT32) {
        const float* from = (const float*)data + index;
        for (; i < count; i++) row[i] = from[i];
    }
#if defined(__F16C__) && defined(__AVX__)
    if (stride == 1 && type == FLOAT16) {
        const uint16_t* from = (const uint16_t*)data + index;
        for (; i + 8 <= count; i += 8) _mm256_storeu_ps(row + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)(from + i))));
    }
#endif
    for (; i < count; i++) row[i] = load(data, type, index + i * stride);
}

/** Writes {@code alpha * row + beta * old}; the old values are not read when beta is 0. */
inline void storeRow(void* data, int type, int64_t index, int64_t stride, int count, const float* row, float alpha, float beta) {
    int i = 0;
    if (stride == 1 && type == FLOAT32 && beta == 0) {
        float* to = (float*)data + index;
        for (; i < count; i++) to[i] = alpha * row[i];
    }
#if defined(__F16C__) && defined(__AVX__)
    if (stride == 1 && type == FLOAT16 && beta == 0) {
        uint16_t* to = (uint16_t*)data + index;
        __m256 scale = _mm256_set1_ps(alpha);
        for (; i + 8 <= count; i += 8) {
            _mm_storeu_si128((__m128i*)(to + i), _mm256_cvtps_ph(_mm256_mul_ps(scale, _mm256_loadu_ps(row + i)), _MM_FROUND_TO_NEAREST_INT));
        }
    }
#endif
    for (; i < count; i++) {
        int64_t at = index + i * stride;
        store(data, type, at, alpha * row[i] + (beta != 0 ? beta * load(data, type, at) : 0));
    }
}

}  // namespace softcuda
