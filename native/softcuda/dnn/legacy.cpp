// The convolutions of the legacy interface.
#include <string.h>

#include "algorithms.h"

using namespace softcuda;

namespace {

/** The status of the library for the driver's status of an operation. */
int executed(int driverStatus) { return driverStatus ? DNN_EXECUTION_FAILED : DNN_SUCCESS; }

struct Call {
    const char* function;
    DnnHandle* handle;
    ConvolutionShape shape;
    Algorithm algorithm;
    std::vector<Operand> operands;
    void* workspace;
    size_t workspaceBytes;
};

int prepare(Call& call, Direction direction, const Layout* x, const Layout* w, const Convolution* c, const Layout* y, int algorithm, void* workspace, size_t workspaceBytes,
            const void* alpha, const void* beta) {
    if (int status = makeShape(call.function, x, w, c, y, call.shape)) return status;
    if (!alpha || !beta) return dnnFault(DNN_BAD_PARAM, call.function, "alpha or beta is null");
    call.algorithm = findAlgorithm(direction, call.shape, algorithm);
    if (call.algorithm.number < 0) return dnnFault(DNN_NOT_SUPPORTED, call.function, "algorithm " + std::to_string(algorithm) + " cannot do this convolution");
    if (workspaceBytes < call.algorithm.workspaceBytes || (call.algorithm.workspaceBytes && !workspace)) {
        return dnnFault(DNN_BAD_PARAM, call.function, "algorithm " + std::to_string(algorithm) + " needs " + std::to_string(call.algorithm.workspaceBytes) +
                                                          " bytes of workspace, but has " + std::to_string(workspace ? workspaceBytes : 0));
    }
    call.workspace = workspace;
    call.workspaceBytes = workspace ? workspaceBytes : 0;
    if (call.workspaceBytes) call.operands.push_back({"workspace", workspace, workspaceBytes, true});
    return DNN_SUCCESS;
}

int run(const Call& call, std::function<void()> work) {
    return executed(enqueue(call.handle->stream, call.function, call.operands, [work, workspace = call.workspace, bytes = call.workspaceBytes] {
        // Whoever keeps something in the workspace loses it, as on a GPU.
        if (bytes) memset(workspace, 0xFF, bytes);
        work();
        return 0;
    }));
}

/** Algorithms that do not repeat their bits on a GPU do not here either. */
bool otherOrder(const Algorithm& algorithm) {
    static bool other = false;
    if (!algorithm.deterministic) other = !other;
    return !algorithm.deterministic && other;
}

}  // namespace

SOFTCUDA_FUNCTION(int) cudnnConvolutionForward(void* handle, const void* alpha, Layout* x, const void* dataX, Layout* w, const void* dataW, Convolution* c, int algorithm,
                                               void* workspace, size_t workspaceBytes, const void* beta, Layout* y, void* dataY) {
    NEED_DNN(handle);
    Call call{__func__, (DnnHandle*)handle};
    if (int status = prepare(call, FORWARD, x, w, c, y, algorithm, workspace, workspaceBytes, alpha, beta)) return status;
    call.operands.insert(call.operands.end(), {{"x", dataX, x->bytes(), false}, {"w", dataW, w->bytes(), false}, {"y", dataY, y->bytes(), true}});
    return run(call, [shape = call.shape, a = *(const float*)alpha, b = *(const float*)beta, dataX, dataW, dataY] {
        convolveForward(shape, a, dataX, dataW, b, dataY, nullptr);
    });
}

SOFTCUDA_FUNCTION(int) cudnnConvolutionBackwardData(void* handle, const void* alpha, Layout* w, const void* dataW, Layout* dy, const void* dataDy, Convolution* c,
                                                    int algorithm, void* workspace, size_t workspaceBytes, const void* beta, Layout* dx, void* dataDx) {
    NEED_DNN(handle);
    Call call{__func__, (DnnHandle*)handle};
    if (int status = prepare(call, BACKWARD_DATA, dx, w, c, dy, algorithm, workspace, workspaceBytes, alpha, beta)) return status;
    call.operands.insert(call.operands.end(), {{"w", dataW, w->bytes(), false}, {"dy", dataDy, dy->bytes(), false}, {"dx", dataDx, dx->bytes(), true}});
    return run(call, [shape = call.shape, a = *(const float*)alpha, b = *(const float*)beta, dataW, dataDy, dataDx] {
        convolveBackwardData(shape, a, dataW, dataDy, b, dataDx);
    });
}

SOFTCUDA_FUNCTION(int) cudnnConvolutionBackwardFilter(void* handle, const void* alpha, Layout* x, const void* dataX, Layout* dy, const void* dataDy, Convolution* c,
                                                      int algorithm, void* workspace, size_t workspaceBytes, const void* beta, Layout* dw, void* dataDw) {
    NEED_DNN(handle);
    Call call{__func__, (DnnHandle*)handle};
    if (int status = prepare(call, BACKWARD_FILTER, x, dw, c, dy, algorithm, workspace, workspaceBytes, alpha, beta)) return status;
    call.operands.insert(call.operands.end(), {{"x", dataX, x->bytes(), false}, {"dy", dataDy, dy->bytes(), false}, {"dw", dataDw, dw->bytes(), true}});
    return run(call, [shape = call.shape, algorithm = call.algorithm, a = *(const float*)alpha, b = *(const float*)beta, dataX, dataDy, dataDw] {
        convolveBackwardFilter(shape, a, dataX, dataDy, b, dataDw, otherOrder(algorithm));
    });
}

SOFTCUDA_FUNCTION(int) cudnnConvolutionBiasActivationForward(void* handle, const void* alpha1, Layout* x, const void* dataX, Layout* w, const void* dataW, Convolution* c,
                                                             int algorithm, void* workspace, size_t workspaceBytes, const void* alpha2, Layout* z, const void* dataZ,
                                                             Layout* bias, const void* dataBias, Activation* activation, Layout* y, void* dataY) {
    NEED_DNN(handle);
    Call call{__func__, (DnnHandle*)handle};
    if (int status = prepare(call, FORWARD, x, w, c, y, algorithm, workspace, workspaceBytes, alpha1, alpha2)) return status;
    if (!alive(z, DNN_TENSOR) || !alive(bias, DNN_TENSOR) || !alive(activation, DNN_ACTIVATION)) return DNN_BAD_PARAM;
    if (activation->mode != 1 && activation->mode != 5) return dnnFault(DNN_NOT_SUPPORTED, __func__, "the activation is neither ReLU nor identity");
    if (activation->mode == 5 && algorithm != 1) return dnnFault(DNN_NOT_SUPPORTED, __func__, "identity goes with algorithm IMPLICIT_PRECOMP_GEMM only");
    if (!z->sameSize(*y) || z->type != y->type) return dnnFault(DNN_BAD_PARAM, __func__, "z is not like y");
    if (bias->size[0] != 1 || bias->size[1] != y->size[1] || bias->size[2] != 1 || bias->size[3] != 1 || bias->type != y->type) {
        return dnnFault(DNN_BAD_PARAM, __func__, "the bias is not [1, channels of y, 1, 1] of y's type");
    }
    float scale = *(const float*)alpha1, share = *(const float*)alpha2;
    call.operands.insert(call.operands.end(), {{"x", dataX, x->bytes(), false}, {"w", dataW, w->bytes(), false}, {"bias", dataBias, bias->bytes(), false},
                                               {"y", dataY, y->bytes(), true}});
    if (share != 0) call.operands.push_back({"z", dataZ, z->bytes(), false});
    return run(call, [=, shape = call.shape, zLayout = *z, biasLayout = *bias, relu = activation->mode == 1] {
        int channels = shape.y.size[1], width = shape.y.size[3], pixels = shape.y.size[2] * width;
        std::vector<float> biases(channels), residual(channels);
        loadRow(dataBias, biasLayout.type, 0, biasLayout.stride[1], channels, biases.data());
        convolveForward(shape, 1, dataX, dataW, 0, dataY, [&](int image, float* results, int64_t stride) {
            for (int p = 0; p < pixels; p++) {
                float* row = results + p * stride;
                if (share != 0) {
                    loadRow(dataZ, zLayout.type, image * zLayout.stride[0] + p / width * zLayout.stride[2] + p % width * zLayout.stride[3], zLayout.stride[1], channels,
                            residual.data());
                }
                for (int k = 0; k < channels; k++) {
                    float value = scale * row[k] + (share != 0 ? share * residual[k] : 0) + biases[k];
                    row[k] = relu && !(value > 0) ? (value != value ? value : 0) : value;
                }
            }
        });
    });
}
