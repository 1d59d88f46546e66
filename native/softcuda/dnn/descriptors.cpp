// Stand-in for libcudnn.so.9: handle, tensor, filter, convolution and activation descriptors of the legacy interface.
#include "descriptors.h"

#include <string.h>

using namespace softcuda;

namespace {

enum { FORMAT_NCHW = 0, FORMAT_NHWC = 1 };

/** Strides of a dense tensor. */
int setLayout(const char* function, Layout* t, int format, int type, const int* size) {
    if (format != FORMAT_NCHW && format != FORMAT_NHWC) return dnnFault(DNN_NOT_SUPPORTED, function, "format " + std::to_string(format));
    if (!isFloatOrHalf(type)) return dnnFault(DNN_NOT_SUPPORTED, function, "data type " + std::to_string(type) + "; float (0) and half (2) are supported");
    for (int i = 0; i < 4; i++) {
        if (size[i] <= 0) return dnnFault(DNN_BAD_PARAM, function, "dimension " + std::to_string(i) + " is " + std::to_string(size[i]));
    }
    t->type = type;
    memcpy(t->size, size, sizeof t->size);
    int64_t n = size[1], h = size[2], w = size[3];
    if (format == FORMAT_NHWC) {
        t->stride[1] = 1;
        t->stride[3] = n;
        t->stride[2] = n * w;
    } else {
        t->stride[3] = 1;
        t->stride[2] = w;
        t->stride[1] = w * h;
    }
    t->stride[0] = n * h * w;
    return DNN_SUCCESS;
}

template <class T>
int create(void** descriptor, const char* kind) {
    if (!descriptor) return DNN_BAD_PARAM;
    *descriptor = new T;
    remember(*descriptor, kind);
    return DNN_SUCCESS;
}

template <class T>
int destroy(void* descriptor, const char* kind) {
    if (!descriptor) return DNN_SUCCESS;
    if (!alive(descriptor, kind)) return DNN_BAD_PARAM;
    forget(descriptor, kind);
    delete (T*)descriptor;
    return DNN_SUCCESS;
}

}  // namespace

namespace softcuda {

int makeShape(const char* function, const Layout* x, const Layout* w, const Convolution* c, const Layout* y, ConvolutionShape& shape) {
    if (!alive(x, DNN_TENSOR) || !alive(w, DNN_FILTER) || !alive(c, DNN_CONVOLUTION) || !alive(y, DNN_TENSOR)) return DNN_BAD_PARAM;
    if (!x->size[0] || !w->size[0] || !y->size[0] || !c->set) return dnnFault(DNN_BAD_PARAM, function, "a descriptor was not set");
    if (c->groups != 1) return dnnFault(DNN_NOT_SUPPORTED, function, std::to_string(c->groups) + " groups");
    if (c->computeType != FLOAT32) return dnnFault(DNN_NOT_SUPPORTED, function, "compute type " + std::to_string(c->computeType));
    if (x->type != w->type || x->type != y->type) {
        return dnnFault(DNN_NOT_SUPPORTED, function, "types x " + std::to_string(x->type) + ", w " + std::to_string(w->type) + ", y " + std::to_string(y->type));
    }
    shape.x = *x;
    shape.w = *w;
    shape.y = *y;
    memcpy(shape.padding, c->padding, sizeof shape.padding);
    memcpy(shape.step, c->step, sizeof shape.step);
    memcpy(shape.dilation, c->dilation, sizeof shape.dilation);
    shape.flipped = c->mode == 0;
    if (!shape.fits()) return dnnFault(DNN_BAD_PARAM, function, "the sizes of x, w and y do not fit together");
    return DNN_SUCCESS;
}

}  // namespace softcuda

SOFTCUDA_FUNCTION(size_t) cudnnGetVersion() {
    TRACE_CALL;
    return 90501;
}

SOFTCUDA_FUNCTION(size_t) cudnnGetCudartVersion() { return 12060; }

SOFTCUDA_FUNCTION(int) cudnnGetProperty(int type, int* value) {
    TRACE_CALL;
    if (type < 0 || type > 2 || !value) return DNN_BAD_PARAM;
    static const int VERSION[] = {9, 5, 1};
    *value = VERSION[type];
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(const char*) cudnnGetErrorString(int status) {
    switch (status) {
        case DNN_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case DNN_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
        case DNN_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
        case DNN_BAD_PARAM_NULL_POINTER: return "CUDNN_STATUS_BAD_PARAM_NULL_POINTER";
        case DNN_BAD_PARAM_MISALIGNED_POINTER: return "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER";
        case DNN_BAD_PARAM_NOT_FINALIZED: return "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED";
        case DNN_BAD_PARAM_OUT_OF_BOUND: return "CUDNN_STATUS_BAD_PARAM_OUT_OF_BOUND";
        case DNN_BAD_PARAM_SIZE_INSUFFICIENT: return "CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT";
        case DNN_BAD_PARAM_STREAM_MISMATCH: return "CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH";
        case DNN_BAD_PARAM_SHAPE_MISMATCH: return "CUDNN_STATUS_BAD_PARAM_SHAPE_MISMATCH";
        case DNN_BAD_PARAM_DUPLICATED_ENTRIES: return "CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES";
        case DNN_BAD_PARAM_ATTRIBUTE_TYPE: return "CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE";
        case DNN_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case DNN_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
        default: return "CUDNN_UNKNOWN_STATUS";
    }
}

SOFTCUDA_FUNCTION(void) cudnnGetLastErrorString(char* message, size_t bytes) {
    TRACE_CALL;
    if (message && bytes) message[0] = 0;
}

SOFTCUDA_FUNCTION(int) cudnnCreate(void** handle) {
    TRACE_CALL;
    if (!contextIsCurrent()) return DNN_NOT_INITIALIZED;
    return create<DnnHandle>(handle, DNN_HANDLE);
}

SOFTCUDA_FUNCTION(int) cudnnDestroy(void* handle) {
    NEED_DNN(handle);
    return destroy<DnnHandle>(handle, DNN_HANDLE);
}

SOFTCUDA_FUNCTION(int) cudnnSetStream(void* handle, void* stream) {
    NEED_DNN(handle);
    ((DnnHandle*)handle)->stream = stream;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnGetStream(void* handle, void** stream) {
    NEED_DNN(handle);
    *stream = ((DnnHandle*)handle)->stream;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnCreateTensorDescriptor(void** tensor) {
    TRACE_CALL;
    return create<Layout>(tensor, DNN_TENSOR);
}

SOFTCUDA_FUNCTION(int) cudnnDestroyTensorDescriptor(void* tensor) {
    TRACE_CALL;
    return destroy<Layout>(tensor, DNN_TENSOR);
}

SOFTCUDA_FUNCTION(int) cudnnSetTensor4dDescriptor(Layout* tensor, int format, int type, int n, int c, int h, int w) {
    TRACE_CALL;
    if (!alive(tensor, DNN_TENSOR)) return DNN_BAD_PARAM;
    int size[] = {n, c, h, w};
    return setLayout("cudnnSetTensor4dDescriptor", tensor, format, type, size);
}

SOFTCUDA_FUNCTION(int) cudnnSetTensor4dDescriptorEx(Layout* tensor, int type, int n, int c, int h, int w, int strideN, int strideC, int strideH, int strideW) {
    TRACE_CALL;
    if (!alive(tensor, DNN_TENSOR)) return DNN_BAD_PARAM;
    int size[] = {n, c, h, w}, strides[] = {strideN, strideC, strideH, strideW};
    if (int status = setLayout("cudnnSetTensor4dDescriptorEx", tensor, FORMAT_NCHW, type, size)) return status;
    for (int i = 0; i < 4; i++) {
        if (strides[i] <= 0) return dnnFault(DNN_BAD_PARAM, "cudnnSetTensor4dDescriptorEx", "a stride is not positive");
        tensor->stride[i] = strides[i];
    }
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnSetTensorNdDescriptor(Layout* tensor, int type, int dimensions, const int* size, const int* strides) {
    TRACE_CALL;
    if (dimensions != 4) return dnnFault(DNN_NOT_SUPPORTED, "cudnnSetTensorNdDescriptor", std::to_string(dimensions) + " dimensions; 4 are supported");
    return cudnnSetTensor4dDescriptorEx(tensor, type, size[0], size[1], size[2], size[3], strides[0], strides[1], strides[2], strides[3]);
}

SOFTCUDA_FUNCTION(int) cudnnGetTensor4dDescriptor(Layout* tensor, int* type, int* n, int* c, int* h, int* w, int* strideN, int* strideC, int* strideH, int* strideW) {
    TRACE_CALL;
    if (!alive(tensor, DNN_TENSOR)) return DNN_BAD_PARAM;
    *type = tensor->type;
    int* sizes[] = {n, c, h, w};
    int* strides[] = {strideN, strideC, strideH, strideW};
    for (int i = 0; i < 4; i++) {
        *sizes[i] = tensor->size[i];
        *strides[i] = (int)tensor->stride[i];
    }
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnCreateFilterDescriptor(void** filter) {
    TRACE_CALL;
    return create<Layout>(filter, DNN_FILTER);
}

SOFTCUDA_FUNCTION(int) cudnnDestroyFilterDescriptor(void* filter) {
    TRACE_CALL;
    return destroy<Layout>(filter, DNN_FILTER);
}

SOFTCUDA_FUNCTION(int) cudnnSetFilter4dDescriptor(Layout* filter, int type, int format, int k, int c, int h, int w) {
    TRACE_CALL;
    if (!alive(filter, DNN_FILTER)) return DNN_BAD_PARAM;
    int size[] = {k, c, h, w};
    return setLayout("cudnnSetFilter4dDescriptor", filter, format, type, size);
}

SOFTCUDA_FUNCTION(int) cudnnCreateConvolutionDescriptor(void** convolution) {
    TRACE_CALL;
    return create<Convolution>(convolution, DNN_CONVOLUTION);
}

SOFTCUDA_FUNCTION(int) cudnnDestroyConvolutionDescriptor(void* convolution) {
    TRACE_CALL;
    return destroy<Convolution>(convolution, DNN_CONVOLUTION);
}

SOFTCUDA_FUNCTION(int) cudnnSetConvolution2dDescriptor(Convolution* c, int paddingH, int paddingW, int stepH, int stepW, int dilationH, int dilationW, int mode,
                                                       int computeType) {
    TRACE_CALL;
    if (!alive(c, DNN_CONVOLUTION)) return DNN_BAD_PARAM;
    if (paddingH < 0 || paddingW < 0 || stepH <= 0 || stepW <= 0 || dilationH <= 0 || dilationW <= 0 || mode < 0 || mode > 1) {
        return dnnFault(DNN_BAD_PARAM, "cudnnSetConvolution2dDescriptor", "a padding is negative, a stride or dilation not positive, or the mode unknown");
    }
    int mathType = c->mathType, groups = c->groups;
    *c = Convolution{{paddingH, paddingW}, {stepH, stepW}, {dilationH, dilationW}, mode, computeType, mathType, groups, true};
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnSetConvolutionNdDescriptor(Convolution* c, int dimensions, const int* padding, const int* step, const int* dilation, int mode, int computeType) {
    TRACE_CALL;
    if (dimensions != 2) return dnnFault(DNN_NOT_SUPPORTED, "cudnnSetConvolutionNdDescriptor", std::to_string(dimensions) + " dimensions; 2 are supported");
    return cudnnSetConvolution2dDescriptor(c, padding[0], padding[1], step[0], step[1], dilation[0], dilation[1], mode, computeType);
}

SOFTCUDA_FUNCTION(int) cudnnSetConvolutionMathType(Convolution* c, int mathType) {
    TRACE_CALL;
    if (!alive(c, DNN_CONVOLUTION)) return DNN_BAD_PARAM;
    if (mathType < 0 || mathType > 3) return dnnFault(DNN_BAD_PARAM, "cudnnSetConvolutionMathType", "math type " + std::to_string(mathType));
    c->mathType = mathType;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionMathType(Convolution* c, int* mathType) {
    TRACE_CALL;
    if (!alive(c, DNN_CONVOLUTION)) return DNN_BAD_PARAM;
    *mathType = c->mathType;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnSetConvolutionGroupCount(Convolution* c, int groups) {
    TRACE_CALL;
    if (!alive(c, DNN_CONVOLUTION)) return DNN_BAD_PARAM;
    if (groups <= 0) return DNN_BAD_PARAM;
    c->groups = groups;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolution2dForwardOutputDim(Convolution* c, Layout* x, Layout* w, int* n, int* channels, int* h, int* width) {
    TRACE_CALL;
    if (!alive(c, DNN_CONVOLUTION) || !alive(x, DNN_TENSOR) || !alive(w, DNN_FILTER)) return DNN_BAD_PARAM;
    if (x->size[1] != w->size[1]) return dnnFault(DNN_BAD_PARAM, "cudnnGetConvolution2dForwardOutputDim", "x and w have different channels");
    ConvolutionShape shape{*x, *w, {}, {c->padding[0], c->padding[1]}, {c->step[0], c->step[1]}, {c->dilation[0], c->dilation[1]}};
    *n = x->size[0];
    *channels = w->size[0];
    *h = shape.outputSize(0);
    *width = shape.outputSize(1);
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnCreateActivationDescriptor(void** activation) {
    TRACE_CALL;
    return create<Activation>(activation, DNN_ACTIVATION);
}

SOFTCUDA_FUNCTION(int) cudnnDestroyActivationDescriptor(void* activation) {
    TRACE_CALL;
    return destroy<Activation>(activation, DNN_ACTIVATION);
}

SOFTCUDA_FUNCTION(int) cudnnSetActivationDescriptor(Activation* activation, int mode, int nanPropagation, double coefficient) {
    TRACE_CALL;
    if (!alive(activation, DNN_ACTIVATION)) return DNN_BAD_PARAM;
    if (mode < 0 || mode > 6 || nanPropagation < 0 || nanPropagation > 1) return DNN_BAD_PARAM;
    *activation = {mode, nanPropagation, coefficient};
    return DNN_SUCCESS;
}
