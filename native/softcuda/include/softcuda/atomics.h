// Atomics and fences. Threads of the software device never run at the same time, so a plain read and write is atomic.
#pragma once

namespace softcuda {

template <class T, class F>
static inline T update(T* address, F change) {
    T old = *address;
    *address = change(old);
    return old;
}

template <class T>
struct Same {
    typedef T type;
};
/** A parameter that takes its type from the others, as with CUDA's overloads: atomicAdd(&aFloat, 1). */
template <class T>
using same = typename Same<T>::type;

}  // namespace softcuda

template <class T> static inline T atomicAdd(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return (T)(old + value); }); }
template <class T> static inline T atomicSub(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return (T)(old - value); }); }
template <class T> static inline T atomicMin(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return value < old ? value : old; }); }
template <class T> static inline T atomicMax(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return value > old ? value : old; }); }
template <class T> static inline T atomicAnd(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return (T)(old & value); }); }
template <class T> static inline T atomicOr(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return (T)(old | value); }); }
template <class T> static inline T atomicXor(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return (T)(old ^ value); }); }
template <class T> static inline T atomicExch(T* address, softcuda::same<T> value) { return softcuda::update(address, [=](T) { return value; }); }
template <class T> static inline T atomicCAS(T* address, softcuda::same<T> expected, softcuda::same<T> value) { return softcuda::update(address, [=](T old) { return old == expected ? value : old; }); }
static inline unsigned atomicInc(unsigned* address, unsigned limit) { return softcuda::update(address, [=](unsigned old) { return old >= limit ? 0u : old + 1; }); }
static inline unsigned atomicDec(unsigned* address, unsigned limit) { return softcuda::update(address, [=](unsigned old) { return old == 0 || old > limit ? limit : old - 1; }); }

static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __threadfence_system() {}
