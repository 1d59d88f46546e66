// CUDA's mathematical functions and intrinsics that the C library lacks. The C library's own keep their names.
#pragma once
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <type_traits>

// glibc declares some of these names itself: macros, not functions.
#define __expf(x) expf((float)(x))
#define __exp10f(x) exp10f((float)(x))
#define __logf(x) logf((float)(x))
#define __log2f(x) log2f((float)(x))
#define __log10f(x) log10f((float)(x))
#define __powf(x, y) powf((float)(x), (float)(y))
#define __sinf(x) sinf((float)(x))
#define __cosf(x) cosf((float)(x))
#define __tanf(x) tanf((float)(x))
#define __sincosf(x, s, c) sincosf((float)(x), s, c)

namespace softcuda {
template <class To, class From>
static inline To bits(From value) {
    static_assert(sizeof(To) == sizeof(From));
    To result;
    memcpy(&result, &value, sizeof result);
    return result;
}
}  // namespace softcuda

static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
static inline float __frsqrt_rn(float x) { return (float)(1.0 / sqrt((double)x)); }
static inline float __fsqrt_rn(float x) { return sqrtf(x); }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __fdiv_rn(float x, float y) { return x / y; }
// Through volatile, so that the compiler does not contract them to a fused operation: that is what they are for.
static inline float __fadd_rn(float x, float y) { volatile float r = x + y; return r; }
static inline float __fsub_rn(float x, float y) { volatile float r = x - y; return r; }
static inline float __fmul_rn(float x, float y) { volatile float r = x * y; return r; }
static inline double __dadd_rn(double x, double y) { volatile double r = x + y; return r; }
static inline double __dmul_rn(double x, double y) { volatile double r = x * y; return r; }
static inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
static inline double __fma_rn(double x, double y, double z) { return fma(x, y, z); }
static inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
static inline float fdividef(float x, float y) { return x / y; }

static inline int __float_as_int(float x) { return softcuda::bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return softcuda::bits<unsigned>(x); }
static inline float __int_as_float(int x) { return softcuda::bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return softcuda::bits<float>(x); }
static inline long long __double_as_longlong(double x) { return softcuda::bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return softcuda::bits<double>(x); }
static inline int __float2int_rn(float x) { return (int)rintf(x); }
static inline int __float2int_rz(float x) { return (int)truncf(x); }
static inline int __float2int_rd(float x) { return (int)floorf(x); }
static inline int __float2int_ru(float x) { return (int)ceilf(x); }
static inline float __int2float_rn(int x) { return (float)x; }
static inline float __uint2float_rn(unsigned x) { return (float)x; }

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll((unsigned long long)x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline unsigned __brev(unsigned x) {
    unsigned result = 0;
    for (int i = 0; i < 32; i++) result |= (x >> i & 1u) << (31 - i);
    return result;
}
static inline unsigned __umulhi(unsigned x, unsigned y) { return (unsigned)((uint64_t)x * y >> 32); }
static inline int __mulhi(int x, int y) { return (int)((int64_t)x * y >> 32); }
static inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) { return (unsigned long long)((unsigned __int128)x * y >> 64); }
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned shift) { return (unsigned)((((uint64_t)high << 32 | low) << (shift & 31)) >> 32); }
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned shift) { return (unsigned)(((uint64_t)high << 32 | low) >> (shift & 31)); }

// min and max of two different types convert as CUDA's overloads do; a NaN gives the other operand.
template <class A, class B>
static inline std::common_type_t<A, B> min(A a, B b) {
    typedef std::common_type_t<A, B> T;
    if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? (T)fminf((float)a, (float)b) : (T)fmin((double)a, (double)b);
    else return (T)b < (T)a ? (T)b : (T)a;
}
template <class A, class B>
static inline std::common_type_t<A, B> max(A a, B b) {
    typedef std::common_type_t<A, B> T;
    if constexpr (std::is_floating_point_v<T>) return sizeof(T) == 4 ? (T)fmaxf((float)a, (float)b) : (T)fmax((double)a, (double)b);
    else return (T)a < (T)b ? (T)b : (T)a;
}

template <class T> static inline T __ldg(const T* address) { return *address; }
template <class T> static inline T __ldca(const T* address) { return *address; }
template <class T> static inline T __ldcg(const T* address) { return *address; }
template <class T> static inline T __ldcs(const T* address) { return *address; }
template <class T> static inline T __ldlu(const T* address) { return *address; }
template <class T> static inline void __stcg(T* address, softcuda::same<T> value) { *address = value; }
template <class T> static inline void __stcs(T* address, softcuda::same<T> value) { *address = value; }
template <class T> static inline void __stwb(T* address, softcuda::same<T> value) { *address = value; }
