// Workspace sizes, and the search for algorithms (cudnnGet..._v7 and cudnnFind...).
#include "algorithms.h"

#include <string.h>

#include <algorithm>
#include <chrono>

using namespace softcuda;

namespace softcuda {

// Sizes and properties resemble the real ones: the fastest need workspace, and some do not repeat their bits.
std::vector<Algorithm> algorithms(Direction direction, const ConvolutionShape& s) {
    size_t indices = (size_t)s.y.size[2] * s.y.size[3] * s.w.size[2] * s.w.size[3] * 4 + 512;
    size_t filters = (size_t)s.w.elements() * 4 + 1024;
    size_t winograd = ((size_t)s.x.size[0] * s.y.size[2] * s.y.size[3] * (s.x.size[1] + s.y.size[1]) + (size_t)s.w.elements() * 4) * 4;
    bool small = s.w.size[2] == 3 && s.w.size[3] == 3 && s.step[0] == 1 && s.step[1] == 1 && s.dilation[0] == 1 && s.dilation[1] == 1;
    std::vector<Algorithm> all;
    switch (direction) {
        case FORWARD:
            all = {{1, indices, true}, {0, 0, true}};
            if (small) all.push_back({7, winograd, true});
            break;
        case BACKWARD_DATA:
            all = {{0, 0, false}, {1, indices, true}};
            if (small) all.push_back({5, winograd, true});
            break;
        case BACKWARD_FILTER:
            all = {{3, filters, false}, {1, indices, true}, {0, 0, false}};
            if (small) all.push_back({5, winograd, true});
            break;
    }
    return all;
}

Algorithm findAlgorithm(Direction direction, const ConvolutionShape& shape, int number) {
    for (const Algorithm& algorithm : algorithms(direction, shape)) {
        if (algorithm.number == number) return algorithm;
    }
    return {-1, 0, false};
}

/** cudnnConvolutionFwdAlgoPerf_t and its two siblings. */
struct Performance {
    int algorithm, status;
    float milliseconds;
    size_t workspaceBytes;
    int determinism, mathType, reserved[3];
};
static_assert(sizeof(Performance) == 48);

static int workspaceSize(const char* function, Direction direction, const Layout* x, const Layout* w, const Convolution* c, const Layout* y, int number, size_t* bytes) {
    ConvolutionShape shape;
    if (!bytes) return DNN_BAD_PARAM;
    if (int status = makeShape(function, x, w, c, y, shape)) return status;
    Algorithm algorithm = findAlgorithm(direction, shape, number);
    if (algorithm.number < 0) return DNN_NOT_SUPPORTED;  // as the real one: the caller tries the next
    *bytes = algorithm.workspaceBytes;
    return DNN_SUCCESS;
}

/** Fills what the caller has room for; {@code measure} gives an algorithm's time, or a negative number when it was not run. */
static int list(const char* function, Direction direction, const Layout* x, const Layout* w, const Convolution* c, const Layout* y, int requested, int* returned,
                Performance* results, const std::function<float(const Algorithm&)>& measure) {
    ConvolutionShape shape;
    if (requested < 1 || !returned || !results) return dnnFault(DNN_BAD_PARAM, function, "no room for a result");
    if (int status = makeShape(function, x, w, c, y, shape)) return status;
    *returned = 0;
    for (const Algorithm& algorithm : algorithms(direction, shape)) {
        if (*returned == requested) break;
        Performance& result = results[(*returned)++];
        memset(&result, 0, sizeof result);
        result.algorithm = algorithm.number;
        result.milliseconds = measure(algorithm);
        result.workspaceBytes = algorithm.workspaceBytes;
        result.determinism = algorithm.deterministic;
        result.mathType = c->mathType;
    }
    return DNN_SUCCESS;
}

static float notMeasured(const Algorithm&) { return -1; }

}  // namespace softcuda

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionForwardWorkspaceSize(void* handle, Layout* x, Layout* w, Convolution* c, Layout* y, int algorithm, size_t* bytes) {
    NEED_DNN(handle);
    return workspaceSize(__func__, FORWARD, x, w, c, y, algorithm, bytes);
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionBackwardDataWorkspaceSize(void* handle, Layout* w, Layout* dy, Convolution* c, Layout* dx, int algorithm, size_t* bytes) {
    NEED_DNN(handle);
    return workspaceSize(__func__, BACKWARD_DATA, dx, w, c, dy, algorithm, bytes);
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionBackwardFilterWorkspaceSize(void* handle, Layout* x, Layout* dy, Convolution* c, Layout* dw, int algorithm, size_t* bytes) {
    NEED_DNN(handle);
    return workspaceSize(__func__, BACKWARD_FILTER, x, dw, c, dy, algorithm, bytes);
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionForwardAlgorithmMaxCount(void* handle, int* count) {
    NEED_DNN(handle);
    *count = 8;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionBackwardDataAlgorithmMaxCount(void* handle, int* count) {
    NEED_DNN(handle);
    *count = 6;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(void* handle, int* count) {
    NEED_DNN(handle);
    *count = 7;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionForwardAlgorithm_v7(void* handle, Layout* x, Layout* w, Convolution* c, Layout* y, int requested, int* returned, Performance* results) {
    NEED_DNN(handle);
    return list(__func__, FORWARD, x, w, c, y, requested, returned, results, notMeasured);
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionBackwardDataAlgorithm_v7(void* handle, Layout* w, Layout* dy, Convolution* c, Layout* dx, int requested, int* returned,
                                                                   Performance* results) {
    NEED_DNN(handle);
    return list(__func__, BACKWARD_DATA, dx, w, c, dy, requested, returned, results, notMeasured);
}

SOFTCUDA_FUNCTION(int) cudnnGetConvolutionBackwardFilterAlgorithm_v7(void* handle, Layout* x, Layout* dy, Convolution* c, Layout* dw, int requested, int* returned,
                                                                     Performance* results) {
    NEED_DNN(handle);
    return list(__func__, BACKWARD_FILTER, x, dw, c, dy, requested, returned, results, notMeasured);
}

SOFTCUDA_FUNCTION(int) cudnnConvolutionForward(void*, const void*, Layout*, const void*, Layout*, const void*, Convolution*, int, void*, size_t, const void*, Layout*, void*);
SOFTCUDA_FUNCTION(int) cudnnConvolutionBackwardData(void*, const void*, Layout*, const void*, Layout*, const void*, Convolution*, int, void*, size_t, const void*, Layout*, void*);
SOFTCUDA_FUNCTION(int) cudnnConvolutionBackwardFilter(void*, const void*, Layout*, const void*, Layout*, const void*, Convolution*, int, void*, size_t, const void*, Layout*, void*);

namespace softcuda {

typedef int (*Run)(void*, const void*, Layout*, const void*, Layout*, const void*, Convolution*, int, void*, size_t, const void*, Layout*, void*);

/** Runs it once into the caller's output, as cudnnFind...Ex does, and gives the milliseconds; negative when it cannot run. */
static float timeOf(Run run, void* handle, Layout* a, const void* dataA, Layout* b, const void* dataB, Convolution* c, const Algorithm& algorithm, void* workspace,
                    size_t bytes, Layout* output, void* outputData) {
    if (algorithm.workspaceBytes > bytes) return -1;
    float one = 1, zero = 0;
    auto begin = std::chrono::steady_clock::now();
    if (run(handle, &one, a, dataA, b, dataB, c, algorithm.number, workspace, algorithm.workspaceBytes, &zero, output, outputData)) return -1;
    return std::chrono::duration<float, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

static int find(const char* function, Direction direction, Run run, void* handle, Layout* a, const void* dataA, Layout* b, const void* dataB, Convolution* c,
                Layout* output, void* outputData, int requested, int* returned, Performance* results, void* workspace, size_t bytes) {
    if (capturing(((DnnHandle*)handle)->stream)) return dnnFault(DNN_NOT_SUPPORTED, function, "its stream is being captured");
    Layout* x = direction == BACKWARD_DATA ? output : a;
    Layout* w = direction == FORWARD ? b : direction == BACKWARD_DATA ? a : output;
    Layout* y = direction == FORWARD ? output : b;
    int status = list(function, direction, x, w, c, y, requested, returned, results, [&](const Algorithm& algorithm) {
        return timeOf(run, handle, a, dataA, b, dataB, c, algorithm, workspace, bytes, output, outputData);
    });
    if (status) return status;
    for (int i = 0; i < *returned; i++) {
        if (results[i].milliseconds < 0) results[i].status = DNN_NOT_SUPPORTED;
    }
    std::stable_sort(results, results + *returned, [](const Performance& p, const Performance& q) {
        return std::make_pair(p.status != 0, p.milliseconds) < std::make_pair(q.status != 0, q.milliseconds);
    });
    return DNN_SUCCESS;
}

}  // namespace softcuda

SOFTCUDA_FUNCTION(int) cudnnFindConvolutionForwardAlgorithmEx(void* handle, Layout* x, const void* dataX, Layout* w, const void* dataW, Convolution* c, Layout* y,
                                                              void* dataY, int requested, int* returned, Performance* results, void* workspace, size_t bytes) {
    NEED_DNN(handle);
    return find(__func__, FORWARD, cudnnConvolutionForward, handle, x, dataX, w, dataW, c, y, dataY, requested, returned, results, workspace, bytes);
}

SOFTCUDA_FUNCTION(int) cudnnFindConvolutionBackwardDataAlgorithmEx(void* handle, Layout* w, const void* dataW, Layout* dy, const void* dataDy, Convolution* c, Layout* dx,
                                                                   void* dataDx, int requested, int* returned, Performance* results, void* workspace, size_t bytes) {
    NEED_DNN(handle);
    return find(__func__, BACKWARD_DATA, cudnnConvolutionBackwardData, handle, w, dataW, dy, dataDy, c, dx, dataDx, requested, returned, results, workspace, bytes);
}

SOFTCUDA_FUNCTION(int) cudnnFindConvolutionBackwardFilterAlgorithmEx(void* handle, Layout* x, const void* dataX, Layout* dy, const void* dataDy, Convolution* c, Layout* dw,
                                                                     void* dataDw, int requested, int* returned, Performance* results, void* workspace, size_t bytes) {
    NEED_DNN(handle);
    return find(__func__, BACKWARD_FILTER, cudnnConvolutionBackwardFilter, handle, x, dataX, dy, dataDy, c, dw, dataDw, requested, returned, results, workspace, bytes);
}
