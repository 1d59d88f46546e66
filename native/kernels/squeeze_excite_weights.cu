// Gradients of the two small linear layers of squeeze-and-excitation: sums of outer products over the batch, in chunks
// of positions and then over the chunks in order. All in float.
#include "keisei.cuh"

namespace {

constexpr unsigned kTile = 32;

/** partial[I, J] and biasPartial[I] of one tile: sums over rows [from, to) of a[n, i] * b[n, j] and of a[n, i]. */
__device__ __forceinline__ void outer_sums(
    const RowChunk& chunk, unsigned outs, unsigned ins, const float* a, const float* b, unsigned tileI, unsigned tileJ,
    float* partial, float* biasPartial, float (*left)[kTile + 1], float (*right)[kTile + 1]) {
    unsigned column = threadIdx.x % kTile;
    unsigned group = threadIdx.x / kTile;
    constexpr unsigned kGroups = kThreads / kTile;
    constexpr unsigned kRowsPerThread = kTile / kGroups;
    float sum[kRowsPerThread] = {};
    float bias = 0.0f;
    for (unsigned base = chunk.from; base < chunk.to; base += kTile) {
        for (unsigned row = group; row < kTile; row += kGroups) {
            unsigned n = base + row;
            unsigned i = tileI + column;
            unsigned j = tileJ + column;
            left[row][column] = n < chunk.to && i < outs ? a[n * outs + i] : 0.0f;
            right[row][column] = n < chunk.to && j < ins ? b[n * ins + j] : 0.0f;
        }
        __syncthreads();
        for (unsigned row = 0; row < kTile; row++) {
            float factor = right[row][column];
#pragma unroll
            for (unsigned k = 0; k < kRowsPerThread; k++) {
                sum[k] += left[row][group + k * kGroups] * factor;
            }
            bias += left[row][column];
        }
        __syncthreads();
    }
#pragma unroll
    for (unsigned k = 0; k < kRowsPerThread; k++) {
        unsigned i = tileI + group + k * kGroups;
        unsigned j = tileJ + column;
        if (i < outs && j < ins) {
            partial[i * ins + j] = sum[k];
        }
    }
    if (tileJ == 0 && group == 0 && tileI + column < outs) {
        biasPartial[tileI + column] = bias;
    }
}

} // namespace

// First stage. partial[gridDim.y] holds for each chunk of positions [H, C], [H], [C, H], [C]: the gradients of w1, b1,
// w2, b2. A block of 256 threads has a 32x32 tile of w1 or w2; grid (2 * ceil(C / 32) * ceil(H / 32), chunks). Reads 8
// bytes per position, row and column of a tile; 2 * N * C * H FLOP per layer.
extern "C" __global__ void __launch_bounds__(256) squeeze_excite_weight_chunks(
    int batch, int channels, int hidden, const float* hiddenGradient, const float* pooled, const float* gateGradient,
    const float* hiddenOut, float* partial) {
    __shared__ float left[kTile][kTile + 1];
    __shared__ float right[kTile][kTile + 1];
    unsigned layer = (unsigned)channels * hidden;
    unsigned hiddenTiles = (hidden + kTile - 1) / kTile;
    unsigned channelTiles = (channels + kTile - 1) / kTile;
    unsigned tiles = hiddenTiles * channelTiles;
    RowChunk chunk(batch, gridDim.y, blockIdx.y);
    float* own = partial + blockIdx.y * (2 * layer + hidden + channels);
    if (blockIdx.x < tiles) {
        unsigned tileI = blockIdx.x / channelTiles * kTile;
        unsigned tileJ = blockIdx.x % channelTiles * kTile;
        outer_sums(
            chunk, hidden, channels, hiddenGradient, pooled, tileI, tileJ, own, own + layer, left, right);
    } else {
        unsigned tileI = (blockIdx.x - tiles) / hiddenTiles * kTile;
        unsigned tileJ = (blockIdx.x - tiles) % hiddenTiles * kTile;
        own += layer + hidden;
        outer_sums(
            chunk, channels, hidden, gateGradient, hiddenOut, tileI, tileJ, own, own + layer, left, right);
    }
}
KEISEI_KERNEL(squeeze_excite_weight_chunks)

// Second stage: adds the chunks to dw1[H, C], db1[H], dw2[C, H], db2[C], one thread an element. Reads 4 * chunks + 4,
// writes 4 bytes per element; chunks additions.
extern "C" __global__ void squeeze_excite_weight_sums(
    int chunks, int channels, int hidden, const float* partial, float* dw1, float* db1, float* dw2, float* db2) {
    unsigned layer = (unsigned)channels * hidden;
    unsigned n = 2 * layer + hidden + channels;
    for (unsigned i = thread_of_grid(); i < n; i += threads_of_grid()) {
        float* out;
        if (i < layer) {
            out = dw1 + i;
        } else if (i < layer + hidden) {
            out = db1 + (i - layer);
        } else if (i < 2 * layer + hidden) {
            out = dw2 + (i - layer - hidden);
        } else {
            out = db2 + (i - 2 * layer - hidden);
        }
        float sum = 0.0f;
        for (unsigned chunk = 0; chunk < (unsigned)chunks; chunk++) {
            sum += partial[chunk * n + i];
        }
        *out += sum;
    }
}
KEISEI_KERNEL(squeeze_excite_weight_sums)
