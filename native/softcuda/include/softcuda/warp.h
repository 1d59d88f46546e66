// Warp-wide operations: shuffles, votes and barriers of the lanes that a mask names.
#pragma once
#include <type_traits>

#include "block.h"

namespace softcuda {

/** Does the operation for all lanes of {@code mask} if all that still live have come; the results are given out at once. */
static void completeWarp(Block& block, int warp, unsigned mask) {
    unsigned members = mask & block.alive[warp];
    Lane* lanes = block.lanes + warp * WARP;
    unsigned ballot = 0;
    for (unsigned left = members; left; left &= left - 1) {
        int i = __builtin_ctz(left);
        if (!lanes[i].waiting || lanes[i].mask != mask) return;
        if (lanes[i].operation != lanes[__builtin_ctz(members)].operation) fail("lanes of one warp do different warp-wide operations at the same time");
        ballot |= (unsigned)(lanes[i].value != 0) << i;
    }
    for (unsigned left = members; left; left &= left - 1) {
        Lane& lane = lanes[__builtin_ctz(left)];
        if (lane.operation == SHUFFLE) {
            // What a lane that takes no part would give is undefined on a GPU: here it is a NaN.
            lane.result = members >> lane.source & 1 ? lanes[lane.source].value : ~0ull;
        } else {
            lane.result = ballot;
        }
        lane.waiting = false;
    }
    block.progress++;
}

static inline uint64_t warpOperation(WarpOperation operation, unsigned mask, uint64_t value, int source) {
    Block& block = *running;
    int thread = block.current->thread, warp = thread / WARP;
    Lane& lane = block.lanes[thread];
    if (!(mask >> thread % WARP & 1)) fail("the mask of a warp-wide operation does not name the calling lane");
    lane.operation = operation;
    lane.mask = mask;
    lane.value = value;
    lane.source = source & (WARP - 1);
    lane.waiting = true;
    completeWarp(block, warp, mask);
    while (lane.waiting) yield();
    return lane.result;
}

template <class T>
static inline T shuffle(unsigned mask, T value, int source) {
    static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_trivially_copyable_v<T>, "a shuffle moves at most eight bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = warpOperation(SHUFFLE, mask, bits, source);
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline int lane() { return running->current->thread % WARP; }

}  // namespace softcuda

static inline void __syncwarp(unsigned mask = 0xffffffffu) { softcuda::warpOperation(softcuda::SYNC_WARP, mask, 0, 0); }

template <class T>
static inline T __shfl_sync(unsigned mask, T value, int source, int width = 32) {
    return softcuda::shuffle(mask, value, (softcuda::lane() & ~(width - 1)) + (source & (width - 1)));
}

template <class T>
static inline T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int lane = softcuda::lane();
    return softcuda::shuffle(mask, value, (lane & (width - 1)) + (int)delta < width ? lane + (int)delta : lane);
}

template <class T>
static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32) {
    int lane = softcuda::lane();
    return softcuda::shuffle(mask, value, (lane & (width - 1)) >= (int)delta ? lane - (int)delta : lane);
}

template <class T>
static inline T __shfl_xor_sync(unsigned mask, T value, int laneMask, int width = 32) {
    int lane = softcuda::lane(), other = lane ^ laneMask;
    return softcuda::shuffle(mask, value, other < (lane & ~(width - 1)) + width ? other : lane);
}

static inline unsigned __ballot_sync(unsigned mask, int predicate) {
    return (unsigned)softcuda::warpOperation(softcuda::BALLOT, mask, predicate != 0, 0);
}

static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }

static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }

template <class T>
static inline T keisei_warp_reduce(unsigned mask, T value, T (*combine)(T, T)) {
    T result = value;
    bool first = true;
    for (int i = 0; i < 32; i++) {
        if (!(mask >> i & 1)) continue;
        T other = softcuda::shuffle(mask, value, i);
        if (!(softcuda::running->alive[softcuda::running->current->thread / 32] >> i & 1)) continue;
        result = first ? other : combine(result, other);
        first = false;
    }
    return result;
}

#define KEISEI_WARP_REDUCE(type, name, expression)                                                  \
    static inline type name(unsigned mask, type value) {                                            \
        return keisei_warp_reduce<type>(mask, value, [](type a, type b) -> type { return expression; }); \
    }
KEISEI_WARP_REDUCE(unsigned, __reduce_add_sync, a + b)
KEISEI_WARP_REDUCE(int, __reduce_add_sync, a + b)
KEISEI_WARP_REDUCE(unsigned, __reduce_min_sync, a < b ? a : b)
KEISEI_WARP_REDUCE(int, __reduce_min_sync, a < b ? a : b)
KEISEI_WARP_REDUCE(unsigned, __reduce_max_sync, a > b ? a : b)
KEISEI_WARP_REDUCE(int, __reduce_max_sync, a > b ? a : b)
KEISEI_WARP_REDUCE(unsigned, __reduce_and_sync, a & b)
KEISEI_WARP_REDUCE(unsigned, __reduce_or_sync, a | b)
KEISEI_WARP_REDUCE(unsigned, __reduce_xor_sync, a ^ b)
#undef KEISEI_WARP_REDUCE
