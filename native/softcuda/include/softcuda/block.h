// One thread block: its threads run one after another on one fiber, and further fibers are made only when threads wait
// at a barrier. Blocks run one after another, so nothing here is shared between operating system threads.
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <vector>

#include "launch.h"
#include "vector_types.h"

namespace softcuda {

constexpr int MAXIMUM_THREADS = 1024;
constexpr int WARP = 32;
constexpr size_t FIBER_STACK_BYTES = 256 << 10;

struct Fiber {
    void* stackPointer = nullptr;
    char* stack = nullptr;
    int thread = 0;
    bool busy = false;
};

/** What a lane brings to a warp-wide operation and what it takes from it. */
struct Lane {
    bool waiting = false;
    unsigned mask = 0;
    int operation = 0;
    int source = 0;
    uint64_t value = 0;
    uint64_t result = 0;
};

/** Operations that all named lanes of a warp do together; see {@code warp.h}. */
enum WarpOperation { SYNC_WARP, SHUFFLE, BALLOT };

struct Block {
    dim3 gridSize, blockSize;
    uint3 index{}, thread{};
    int threads = 0, started = 0, exited = 0, arrived = 0;
    /** Counts completed barriers of the block, and warp-wide operations: without progress a block is stuck. */
    unsigned generation = 0, progress = 0;
    unsigned alive[MAXIMUM_THREADS / WARP]{};
    Lane lanes[MAXIMUM_THREADS];
    /** Results of the __syncthreads_count family: of the running barrier and of the last one. */
    int predicates = 0, counted = 0, votes = 0;
    const Launch* launch = nullptr;
    void** parameters = nullptr;
    void (*body)(void**) = nullptr;
    Fiber* current = nullptr;
    void* scheduler = nullptr;
    std::vector<Fiber*> fibers;
};

/** The running block. One per module: launches never run at the same time. */
static Block* running = nullptr;

extern "C" void keisei_fiber_switch(void** save, void* to);
__asm__(R"(
.pushsection .text.keisei_fiber_switch,"axG",@progbits,keisei_fiber_switch,comdat
.weak keisei_fiber_switch
.hidden keisei_fiber_switch
.type keisei_fiber_switch,@function
keisei_fiber_switch:
  push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15
  mov %rsp,(%rdi); mov %rsi,%rsp
  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp
  ret
.popsection
)");

[[noreturn]] static inline void fail(const char* reason) {
    running->launch->services->fail(reason);
    abort();
}

static inline void setThread(Block& block, int thread) {
    block.thread.x = thread % block.blockSize.x;
    block.thread.y = thread / block.blockSize.x % block.blockSize.y;
    block.thread.z = thread / (block.blockSize.x * block.blockSize.y);
}

static void completeWarp(Block& block, int warp, unsigned mask);

static inline void completeBarrier(Block& block) {
    block.arrived = 0;
    block.generation++;
    block.progress++;
    block.counted = block.predicates;
    block.votes = block.threads - block.exited;
    block.predicates = 0;
}

static inline void exitThread(Block& block, int thread) {
    int warp = thread / WARP;
    block.exited++;
    block.alive[warp] &= ~(1u << thread % WARP);
    if (block.arrived && block.arrived + block.exited >= block.threads) completeBarrier(block);
    // Lanes that wait for this thread need not wait any more.
    for (int lane = 0; lane < WARP; lane++) {
        const Lane& other = block.lanes[warp * WARP + lane];
        if ((block.alive[warp] >> lane & 1) && other.waiting) completeWarp(block, warp, other.mask);
    }
}

/** Runs threads one after another for as long as they do not wait. */
static void fiberMain() {
    for (;;) {
        Block& block = *running;
        Fiber* fiber = block.current;
        while (block.started < block.threads) {
            fiber->thread = block.started++;
            setThread(block, fiber->thread);
            block.body(block.parameters);
            exitThread(block, fiber->thread);
        }
        fiber->busy = false;
        keisei_fiber_switch(&fiber->stackPointer, block.scheduler);
    }
}

static inline void prepareFiber(Fiber& fiber) {
    void** top = (void**)(fiber.stack + FIBER_STACK_BYTES - 64);
    *--top = nullptr;  // keeps the stack aligned as after a call
    *--top = (void*)fiberMain;
    for (int i = 0; i < 6; i++) *--top = nullptr;
    fiber.stackPointer = top;
    fiber.busy = false;
}

static inline Fiber* freeFiber(Block& block) {
    for (Fiber* fiber : block.fibers) {
        if (!fiber->busy) return fiber;
    }
    Fiber* fiber = new Fiber;
    // The lowest page stays unmapped: a thread whose local variables are too large is seen.
    char* memory = (char*)mmap(nullptr, FIBER_STACK_BYTES + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + 4096, FIBER_STACK_BYTES, PROT_READ | PROT_WRITE)) fail("no memory for a fiber's stack");
    fiber->stack = memory + 4096;
    prepareFiber(*fiber);
    block.fibers.push_back(fiber);
    return fiber;
}

static inline void resume(Block& block, Fiber* fiber) {
    block.current = fiber;
    setThread(block, fiber->thread);
    keisei_fiber_switch(&block.scheduler, fiber->stackPointer);
}

/** Lets other threads run; returns when this one is resumed. */
static inline void yield() {
    Block& block = *running;
    keisei_fiber_switch(&block.current->stackPointer, block.scheduler);
}

static inline void runBlock(Block& block) {
    block.started = block.exited = block.arrived = block.predicates = 0;
    for (int warp = 0; warp < MAXIMUM_THREADS / WARP; warp++) {
        int count = block.threads - warp * WARP;
        block.alive[warp] = count >= WARP ? ~0u : count > 0 ? (1u << count) - 1 : 0;
    }
    for (int i = 0; i < block.threads; i++) block.lanes[i].waiting = false;
    while (block.exited < block.threads) {
        unsigned progress = block.progress;
        int exited = block.exited, started = block.started;
        for (size_t i = 0; i < block.fibers.size(); i++) {
            if (block.fibers[i]->busy) resume(block, block.fibers[i]);
        }
        while (block.started < block.threads) {
            Fiber* fiber = freeFiber(block);
            fiber->busy = true;
            resume(block, fiber);
        }
        if (progress == block.progress && exited == block.exited && started == block.started) {
            fail("divergent barrier: threads of one block wait at different barriers, and none can complete");
        }
    }
}

static inline void synchronizeBlock() {
    Block& block = *running;
    unsigned generation = block.generation;
    if (++block.arrived + block.exited >= block.threads) {
        completeBarrier(block);
    } else {
        while (block.generation == generation) yield();
    }
}

}  // namespace softcuda

#define threadIdx (softcuda::running->thread)
#define blockIdx (softcuda::running->index)
#define blockDim (softcuda::running->blockSize)
#define gridDim (softcuda::running->gridSize)
#define warpSize 32

static inline void __syncthreads() { softcuda::synchronizeBlock(); }

static inline int __syncthreads_count(int predicate) {
    softcuda::running->predicates += predicate != 0;
    softcuda::synchronizeBlock();
    return softcuda::running->counted;
}

static inline int __syncthreads_or(int predicate) { return __syncthreads_count(predicate) != 0; }

static inline int __syncthreads_and(int predicate) {
    int count = __syncthreads_count(predicate);
    return count == softcuda::running->votes;
}

/** Ends the launch with an error, as on a GPU. */
[[noreturn]] static inline void __trap() { softcuda::fail("__trap()"); }
