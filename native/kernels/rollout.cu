// Around the experience of a rollout: planes from packed positions, rows of minibatches, advantages.
#include "keisei.cuh"

namespace {

// The order of keisei.device.PlaneProgram.Plane's permitted kinds.
constexpr int kBoardCode = 0;
constexpr int kConstant = 1;
constexpr int kTopRows = 2;
constexpr int kSquares = 3;
constexpr int kCornerIfAny = 4;

/** One plane's instruction; 32 bytes, written by keisei.device.cuda.PlaneTable. */
struct PlaneInstruction {
    int kind;
    int first;  // code, byte offset or rows
    int second; // bytes of the field, or count of bytes
    int unused;
    double scale;
    double limit;
};

/** Whether a plane is set on a square. */
__device__ __forceinline__ bool is_set(
    const PlaneInstruction& plane, const unsigned char* record, unsigned square, unsigned width) {
    if (plane.kind == kBoardCode) {
        return record[square] == (unsigned char)plane.first;
    }
    if (plane.kind == kConstant) {
        return true;
    }
    if (plane.kind == kTopRows) {
        return square < plane.first * width;
    }
    if (plane.kind == kSquares) {
        for (int i = 0; i < plane.second; i++) {
            if (record[plane.first + i] == square) {
                return true;
            }
        }
        return false;
    }
    if (plane.kind == kCornerIfAny && square == 0) {
        for (int i = 0; i < plane.second; i++) {
            if (record[plane.first + i] != 0) {
                return true;
            }
        }
    }
    return false;
}

__device__ __forceinline__ float plane_value(const PlaneInstruction& plane, const unsigned char* record) {
    if (plane.kind != kConstant) {
        return 1.0f;
    }
    unsigned field = record[plane.first];
    if (plane.second == 2) {
        field |= (unsigned)record[plane.first + 1] << 8;
    }
    double value = field * plane.scale;
    return (float)(value < plane.limit ? value : plane.limit);
}

/**
 * A block a position. First each warp makes planes into a bit for each square and one value; then all threads write the
 * image in the order of memory. Shared memory: values[channels], bits[ceil(squares / 32)][channels].
 */
template <typename T>
__device__ __forceinline__ void expand(
    unsigned squares, unsigned width, unsigned recordBytes, unsigned planes, unsigned channels,
    const PlaneInstruction* table, const unsigned char* packed, T* out, unsigned* shared) {
    constexpr int W = Width<T>::value;
    float* values = (float*)shared;
    unsigned* bits = shared + channels;
    const unsigned char* record = packed + (size_t)blockIdx.x * recordBytes;
    out += (size_t)blockIdx.x * squares * channels;
    unsigned lane = threadIdx.x % 32;
    for (unsigned c = threadIdx.x / 32; c < channels; c += kThreads / 32) {
        bool exists = c < planes;
        for (unsigned base = 0; base < squares; base += 32) {
            unsigned square = base + lane;
            unsigned word =
                __ballot_sync(kFullWarp, exists && square < squares && is_set(table[c], record, square, width));
            if (lane == 0) {
                bits[base / 32 * channels + c] = word;
            }
        }
        if (lane == 0) {
            values[c] = exists ? plane_value(table[c], record) : 0.0f;
        }
    }
    __syncthreads();
    unsigned n = squares * channels;
    if (channels % W == 0 && aligned(out)) {
        for (unsigned i = threadIdx.x * W; i < n; i += kThreads * W) {
            unsigned square = i / channels;
            unsigned c = i - square * channels;
            Vec<T, W> pack;
#pragma unroll
            for (int k = 0; k < W; k++) {
                bool set = (bits[square / 32 * channels + c + k] >> (square % 32) & 1u) != 0;
                pack.v[k] = stored<T>(set ? values[c + k] : 0.0f);
            }
            store<W>(out + i, pack);
        }
    } else {
        for (unsigned i = threadIdx.x; i < n; i += kThreads) {
            unsigned square = i / channels;
            unsigned c = i - square * channels;
            bool set = (bits[square / 32 * channels + c] >> (square % 32) & 1u) != 0;
            out[i] = stored<T>(set ? values[c] : 0.0f);
        }
    }
}

/** Rows of `units` units of memory. An index outside the source gives a row of ones: NaN, or -1. */
template <typename T>
__device__ __forceinline__ void gather(
    unsigned rows, unsigned units, int available, const T* source, const int* index, T* destination, T missing) {
    unsigned n = rows * units;
    for (unsigned i = thread_of_grid(); i < n; i += threads_of_grid()) {
        unsigned row = i / units;
        int from = index[row];
        bool exists = from >= 0 && from < available;
        destination[i] = exists ? source[(unsigned)from * units + (i - row * units)] : missing;
    }
}

} // namespace

// out[N, H, W, channels] from packed[N, recordBytes] with a table of one instruction a plane; channels beyond the
// planes are 0. Block 256, grid N; dynamic shared memory: 4 bytes * channels * (1 + ceil(H * W / 32)). Per position:
// reads recordBytes, writes s * H * W * channels bytes.
extern "C" __global__ void __launch_bounds__(256) expand_planes_f32(
    int squares, int width, int recordBytes, int planes, int channels, const void* table, const unsigned char* packed,
    float* out) {
    KEISEI_DYNAMIC_SHARED(unsigned, shared);
    expand(squares, width, recordBytes, planes, channels, (const PlaneInstruction*)table, packed, out, shared);
}
KEISEI_KERNEL(expand_planes_f32)

extern "C" __global__ void __launch_bounds__(256) expand_planes_f16(
    int squares, int width, int recordBytes, int planes, int channels, const void* table, const unsigned char* packed,
    half_t* out) {
    KEISEI_DYNAMIC_SHARED(unsigned, shared);
    expand(squares, width, recordBytes, planes, channels, (const PlaneInstruction*)table, packed, out, shared);
}
KEISEI_KERNEL(expand_planes_f16)

// destination[i, :] = source[index[i], :] in rows of units of 1, 2, 4 or 16 bytes (all aligned to them). Reads and
// writes the unit's bytes, and 4 bytes of index from the cache.
extern "C" __global__ void gather_rows_1(
    int rows, int units, int available, const unsigned char* source, const int* index, unsigned char* destination) {
    gather<unsigned char>(rows, units, available, source, index, destination, 0xff);
}
KEISEI_KERNEL(gather_rows_1)

extern "C" __global__ void gather_rows_2(
    int rows, int units, int available, const unsigned short* source, const int* index, unsigned short* destination) {
    gather<unsigned short>(rows, units, available, source, index, destination, 0xffff);
}
KEISEI_KERNEL(gather_rows_2)

extern "C" __global__ void gather_rows_4(
    int rows, int units, int available, const unsigned* source, const int* index, unsigned* destination) {
    gather<unsigned>(rows, units, available, source, index, destination, 0xffffffffu);
}
KEISEI_KERNEL(gather_rows_4)

extern "C" __global__ void gather_rows_16(
    int rows, int units, int available, const void* source, const int* index, void* destination) {
    using Unit = Vec<unsigned, 4>;
    Unit missing = {{0xffffffffu, 0xffffffffu, 0xffffffffu, 0xffffffffu}};
    gather<Unit>(rows, units, available, (const Unit*)source, index, (Unit*)destination, missing);
}
KEISEI_KERNEL(gather_rows_16)

// Generalised advantage estimation (Schulman et al. 2016), one thread a game, backwards in time, in double; the formula
// is in keisei.device.RolloutKernels. Reads 14, writes 8 bytes per step of a game; about 8 FLOP.
extern "C" __global__ void advantages(
    int steps, int games, double gamma, double lambda, double sign, const float* reward, const float* value,
    const float* lastValue, const float* finalValue, const unsigned char* terminated, const unsigned char* truncated,
    float* advantage, float* returns) {
    for (unsigned game = thread_of_grid(); game < (unsigned)games; game += threads_of_grid()) {
        double next = lastValue[game];
        double carry = 0.0;
        for (int step = steps - 1; step >= 0; step--) {
            unsigned i = (unsigned)step * games + game;
            double own = value[i];
            bool isTerminated = terminated[i] != 0;
            bool isTruncated = truncated[i] != 0;
            if (isTruncated) {
                next = finalValue[i];
            }
            double boot = isTerminated ? 0.0 : sign * next;
            double later = isTerminated || isTruncated ? 0.0 : sign * carry;
            carry = reward[i] + gamma * boot - own + gamma * lambda * later;
            advantage[i] = (float)carry;
            returns[i] = (float)(carry + own);
            next = own;
        }
    }
}
KEISEI_KERNEL(advantages)

// First stage of normalising x[n]: mean and sum of squared deviations of one chunk a block, in double; partial[2 *
// gridDim.x]. Reads 8 bytes per element (the second time from the cache); 4 FLOP (double).
extern "C" __global__ void __launch_bounds__(256) normalize_chunks(int n, const float* x, double* partial) {
    __shared__ double scratch[kThreads / 32];
    RowChunk chunk(n, gridDim.x, blockIdx.x);
    double sum = 0.0;
    for (unsigned i = chunk.from + threadIdx.x; i < chunk.to; i += kThreads) {
        sum += x[i];
    }
    unsigned size = chunk.to - chunk.from;
    double mean = block_sum(sum, scratch) / (size > 0 ? size : 1);
    double squares = 0.0;
    for (unsigned i = chunk.from + threadIdx.x; i < chunk.to; i += kThreads) {
        double d = x[i] - mean;
        squares += d * d;
    }
    squares = block_sum(squares, scratch);
    if (threadIdx.x == 0) {
        partial[2 * blockIdx.x] = mean;
        partial[2 * blockIdx.x + 1] = squares;
    }
}
KEISEI_KERNEL(normalize_chunks)

// Second stage, one block: moments[2] = mean, sqrt(unbiased variance) + epsilon. Reads 24 bytes per chunk.
extern "C" __global__ void __launch_bounds__(256) normalize_moments(
    int n, int chunks, double epsilon, const double* partial, double* moments) {
    __shared__ double scratch[kThreads / 32];
    double sum = 0.0;
    for (unsigned i = threadIdx.x; i < (unsigned)chunks; i += kThreads) {
        RowChunk chunk(n, chunks, i);
        sum += (chunk.to - chunk.from) * partial[2 * i];
    }
    double mean = block_sum(sum, scratch) / n;
    double squares = 0.0;
    for (unsigned i = threadIdx.x; i < (unsigned)chunks; i += kThreads) {
        RowChunk chunk(n, chunks, i);
        double d = partial[2 * i] - mean;
        squares += partial[2 * i + 1] + (chunk.to - chunk.from) * d * d;
    }
    squares = block_sum(squares, scratch);
    if (threadIdx.x == 0) {
        moments[0] = mean;
        moments[1] = sqrt(squares / (n - 1)) + epsilon;
    }
}
KEISEI_KERNEL(normalize_moments)

// x = (x - mean) / divisor. Reads and writes 4 bytes per element; 2 FLOP (double).
extern "C" __global__ void normalize(int n, const double* moments, float* x) {
    double mean = moments[0];
    double divisor = moments[1];
    for (unsigned i = thread_of_grid(); i < (unsigned)n; i += threads_of_grid()) {
        x[i] = (float)((x[i] - mean) / divisor);
    }
}
KEISEI_KERNEL(normalize)
