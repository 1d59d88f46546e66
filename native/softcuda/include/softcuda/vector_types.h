// CUDA's short vector types with CUDA's alignments.
#pragma once
#include <stdint.h>

#define KEISEI_VECTOR_TYPES(element, name, align2, align4)                                                   \
    struct alignas(align2) name##2 { element x, y; };                                                       \
    struct name##3 { element x, y, z; };                                                                    \
    struct alignas(align4) name##4 { element x, y, z, w; };                                                 \
    static inline name##2 make_##name##2(element x, element y) { return {x, y}; }                           \
    static inline name##3 make_##name##3(element x, element y, element z) { return {x, y, z}; }             \
    static inline name##4 make_##name##4(element x, element y, element z, element w) { return {x, y, z, w}; }

KEISEI_VECTOR_TYPES(float, float, 8, 16)
KEISEI_VECTOR_TYPES(int, int, 8, 16)
KEISEI_VECTOR_TYPES(unsigned, uint, 8, 16)
KEISEI_VECTOR_TYPES(short, short, 4, 8)
KEISEI_VECTOR_TYPES(unsigned short, ushort, 4, 8)
KEISEI_VECTOR_TYPES(signed char, char, 2, 4)
KEISEI_VECTOR_TYPES(unsigned char, uchar, 2, 4)
#undef KEISEI_VECTOR_TYPES

struct alignas(16) double2 { double x, y; };
static inline double2 make_double2(double x, double y) { return {x, y}; }

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};
