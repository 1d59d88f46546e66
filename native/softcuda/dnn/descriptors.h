// Handles and descriptors of the software cuDNN.
#pragma once
#include "convolution.h"

namespace softcuda {

enum DnnStatus {
    DNN_SUCCESS = 0,
    DNN_NOT_INITIALIZED = 1001,
    DNN_BAD_PARAM = 2000,
    DNN_BAD_PARAM_NULL_POINTER = 2002,
    DNN_BAD_PARAM_MISALIGNED_POINTER = 2003,
    DNN_BAD_PARAM_NOT_FINALIZED = 2004,
    DNN_BAD_PARAM_OUT_OF_BOUND = 2005,
    DNN_BAD_PARAM_SIZE_INSUFFICIENT = 2006,
    DNN_BAD_PARAM_STREAM_MISMATCH = 2007,
    DNN_BAD_PARAM_SHAPE_MISMATCH = 2008,
    DNN_BAD_PARAM_DUPLICATED_ENTRIES = 2009,
    DNN_BAD_PARAM_ATTRIBUTE_TYPE = 2010,
    DNN_NOT_SUPPORTED = 3000,
    DNN_EXECUTION_FAILED = 5000
};

inline constexpr char DNN_HANDLE[] = "cuDNN handle";
inline constexpr char DNN_TENSOR[] = "cuDNN tensor descriptor";
inline constexpr char DNN_FILTER[] = "cuDNN filter descriptor";
inline constexpr char DNN_CONVOLUTION[] = "cuDNN convolution descriptor";
inline constexpr char DNN_ACTIVATION[] = "cuDNN activation descriptor";

struct DnnHandle {
    void* stream = nullptr;
};

struct Convolution {
    int padding[2] = {}, step[2] = {1, 1}, dilation[2] = {1, 1};
    int mode = 1, computeType = FLOAT32, mathType = 0, groups = 1;
    bool set = false;
};

struct Activation {
    int mode = -1, nanPropagation = 0;
    double coefficient = 0;
};

/** Reports why, and gives the status. */
inline int dnnFault(int status, const char* function, const std::string& reason) {
    fault(std::string(function) + ": " + reason);
    return status;
}

/** Checks that all three tensors and the convolution fit together. */
int makeShape(const char* function, const Layout* x, const Layout* w, const Convolution* convolution, const Layout* y, ConvolutionShape& shape);

}  // namespace softcuda

#define NEED_DNN(handle)                 \
    TRACE_CALL;                          \
    if (!softcuda::alive(handle, softcuda::DNN_HANDLE)) return softcuda::DNN_BAD_PARAM
