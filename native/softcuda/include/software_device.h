// What g++ needs to compile Keisei's CUDA kernels for the software device. The kernels see the names that CUDA has;
// a kernel's module exports one descriptor per kernel (KEISEI_KERNEL), which the software libcuda.so.1 launches.
#pragma once
#include "softcuda/vector_types.h"

#include "softcuda/block.h"

#include "softcuda/warp.h"

#include "softcuda/atomics.h"
#include "softcuda/math.h"

#include "softcuda/kernel.h"
