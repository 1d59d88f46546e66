// CUDA's qualifiers, and the descriptor that a kernel exports for libcuda.
#pragma once
#include <type_traits>
#include <utility>

#include "block.h"

#define __global__
#define __device__
#define __host__
#define __constant__ const
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(bytes) alignas(bytes)
#define __launch_bounds__(...)
// The module's thread-local variables are its static shared memory and nothing else: libcuda poisons them for each block.
#define __shared__ static thread_local

namespace softcuda {

/** Reads of shared memory that nothing has written give NaN. */
constexpr int SHARED_POISON = 0xFF;

template <auto F>
struct Kernel;

template <class... A, void (*F)(A...)>
struct Kernel<F> {
    static constexpr uint32_t COUNT = sizeof...(A);
    static constexpr Parameter PARAMETERS[] = {
        {(uint32_t)sizeof(A), (uint32_t)alignof(A), std::is_pointer_v<A>, std::is_const_v<std::remove_pointer_t<A>>}..., {}};

    template <size_t... I>
    static void call(void** parameters, std::index_sequence<I...>) {
        F(*(A*)parameters[I]...);
    }

    static void body(void** parameters) { call(parameters, std::index_sequence_for<A...>{}); }

    static void run(const Launch* launch, void** parameters) {
        static Block* block = new Block;
        running = block;
        // A launch that failed was left in the middle of its threads.
        for (Fiber* fiber : block->fibers) {
            if (fiber->busy) prepareFiber(*fiber);
        }
        block->gridSize = {launch->grid[0], launch->grid[1], launch->grid[2]};
        block->blockSize = {launch->block[0], launch->block[1], launch->block[2]};
        block->threads = launch->block[0] * launch->block[1] * launch->block[2];
        block->launch = launch;
        block->parameters = parameters;
        block->body = body;
        for (unsigned z = 0; z < launch->grid[2]; z++) {
            for (unsigned y = 0; y < launch->grid[1]; y++) {
                for (unsigned x = 0; x < launch->grid[0]; x++) {
                    block->index = {x, y, z};
                    if (launch->staticSharedBytes) memset(launch->staticShared, SHARED_POISON, launch->staticSharedBytes);
                    if (launch->dynamicSharedBytes) memset(launch->dynamicShared, SHARED_POISON, launch->dynamicSharedBytes);
                    runBlock(*block);
                }
            }
        }
    }
};

}  // namespace softcuda

#define KEISEI_KERNEL(name)                                                                                     \
    extern "C" __attribute__((visibility("default"), used)) const softcuda::KernelDescriptor keisei_kernel_##name = { \
        softcuda::MODULE_VERSION, #name, softcuda::Kernel<name>::COUNT, softcuda::Kernel<name>::PARAMETERS,      \
        softcuda::Kernel<name>::run};

#define KEISEI_DYNAMIC_SHARED(type, name) type* name = (type*)softcuda::running->launch->dynamicShared
