// Matrix products in float on one core. The order of summation is fixed: by blocks of the inner dimension, in each one
// after another.
#pragma once
#include <stdint.h>
#include <string.h>

#include <algorithm>
#include <vector>

namespace softcuda {

/** The right factor, [inner, columns], in panels of neighbouring columns. */
class PackedMatrix {
   public:
    static constexpr int PANEL = 16;

    /** {@code row(q, buffer)} gives row q: {@code columns} floats. */
    template <class Row>
    PackedMatrix(int inner, int columns, Row row) : inner(inner), columns(columns), panels((size_t)(columns + PANEL - 1) / PANEL * PANEL * inner) {
        std::vector<float> buffer((size_t)(columns + PANEL - 1) / PANEL * PANEL);
        for (int q = 0; q < inner; q++) {
            row(q, buffer.data());
            for (int j = 0; j < columns; j += PANEL) memcpy(&panels[((size_t)j * inner) + (size_t)q * PANEL], &buffer[j], PANEL * sizeof(float));
        }
    }

    const float* panel(int column) const { return &panels[(size_t)column * inner]; }

    const int inner, columns;

   private:
    std::vector<float> panels;
};

typedef float Lanes __attribute__((vector_size(32), aligned(4)));

/** {@code result[i][0..16) += left[i][0..inner) * panel} for R rows. */
template <int R>
inline void multiplyTile(int inner, const float* left, int64_t leftStride, const float* panel, float* result, int64_t resultStride) {
    Lanes low[R], high[R];
    for (int i = 0; i < R; i++) low[i] = high[i] = Lanes{};
    for (int q = 0; q < inner; q++) {
        Lanes a, b;
        memcpy(&a, panel + (size_t)q * 16, sizeof a);
        memcpy(&b, panel + (size_t)q * 16 + 8, sizeof b);
        for (int i = 0; i < R; i++) {
            float factor = left[i * leftStride + q];
            low[i] += factor * a;
            high[i] += factor * b;
        }
    }
    for (int i = 0; i < R; i++) {
        Lanes old;
        memcpy(&old, result + i * resultStride, sizeof old);
        old += low[i];
        memcpy(result + i * resultStride, &old, sizeof old);
        memcpy(&old, result + i * resultStride + 8, sizeof old);
        old += high[i];
        memcpy(result + i * resultStride + 8, &old, sizeof old);
    }
}

/** Number of floats between rows of a result with this many columns. */
inline int64_t resultStride(int columns) { return (columns + PackedMatrix::PANEL - 1) / PackedMatrix::PANEL * PackedMatrix::PANEL; }

/** {@code result += left * right}; the result's rows are {@code resultStride(right.columns)} apart. */
inline void multiplyAdd(int rows, const float* left, int64_t leftStride, const PackedMatrix& right, float* result) {
    constexpr int BLOCK = 256;
    int64_t stride = resultStride(right.columns);
    for (int q = 0; q < right.inner; q += BLOCK) {
        int inner = std::min(BLOCK, right.inner - q);
        for (int j = 0; j < right.columns; j += PackedMatrix::PANEL) {
            const float* panel = right.panel(j) + (size_t)q * PackedMatrix::PANEL;
            int i = 0;
            for (; i + 6 <= rows; i += 6) multiplyTile<6>(inner, left + i * leftStride + q, leftStride, panel, result + i * stride + j, stride);
            for (; i < rows; i++) multiplyTile<1>(inner, left + i * leftStride + q, leftStride, panel, result + i * stride + j, stride);
        }
    }
}

}  // namespace softcuda
