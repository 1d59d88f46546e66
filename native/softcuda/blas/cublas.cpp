// Stand-in for libcublas.so.12: handles and the matrix products that Keisei calls.
#include <stdlib.h>
#include <string.h>

#include "../common/matrix.h"
#include "../common/numbers.h"
#include "../common/services.h"

using namespace softcuda;

namespace {

enum Status { SUCCESS = 0, NOT_INITIALIZED = 1, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };

enum { OPERATION_N = 0, OPERATION_T = 1 };
enum { POINTER_MODE_HOST = 0, POINTER_MODE_DEVICE = 1 };
enum { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, COMPUTE_32F_FAST_16F = 74, COMPUTE_32F_FAST_TF32 = 77 };

const char HANDLE[] = "cuBLAS handle";

struct Handle {
    void* stream = nullptr;
    void* workspace = nullptr;
    size_t workspaceBytes = 0;
    int pointerMode = POINTER_MODE_HOST, mathMode = 0;
};

struct Matrix {
    const char* name;
    const void* data;
    int type, rows, columns, leading;
    long long stride;
};

int invalid(const std::string& reason) {
    fault("cublasGemm: " + reason);
    return INVALID_VALUE;
}

/** Bytes from the first to the last element of all matrices of a batch. */
Operand extent(const Matrix& matrix, int batch, bool write) {
    size_t elements = 0;
    if (matrix.rows && matrix.columns && batch) {
        elements = (size_t)(batch - 1) * matrix.stride + (size_t)(matrix.columns - 1) * matrix.leading + matrix.rows;
    }
    return {matrix.name, matrix.data, elements * typeBytes(matrix.type), write};
}

struct Product {
    bool transposeA, transposeB;
    int m, n, k, batch;
    Matrix a, b, c;
    float alpha, beta;
    const float *alphaAddress = nullptr, *betaAddress = nullptr;
};

/** One matrix of the batch. Column major C = op(A) op(B) is row major C' = op(B)' op(A)'. */
void multiply(const Product& p, int index) {
    int64_t atA = index * p.a.stride, atB = index * p.b.stride, atC = index * p.c.stride;
    float alpha = p.alphaAddress ? *p.alphaAddress : p.alpha, beta = p.betaAddress ? *p.betaAddress : p.beta;
    std::vector<float> left((size_t)p.n * p.k);
    for (int j = 0; j < p.n; j++) {
        int64_t from = p.transposeB ? atB + j : atB + (int64_t)j * p.b.leading;
        loadRow(p.b.data, p.b.type, from, p.transposeB ? p.b.leading : 1, p.k, &left[(size_t)j * p.k]);
    }
    PackedMatrix right(p.k, p.m, [&](int q, float* row) {
        int64_t from = p.transposeA ? atA + q : atA + (int64_t)q * p.a.leading;
        loadRow(p.a.data, p.a.type, from, p.transposeA ? p.a.leading : 1, p.m, row);
    });
    std::vector<float> result((size_t)p.n * resultStride(p.m));
    multiplyAdd(p.n, left.data(), p.k, right, result.data());
    for (int j = 0; j < p.n; j++) {
        storeRow((void*)p.c.data, p.c.type, atC + (int64_t)j * p.c.leading, 1, p.m, &result[(size_t)j * resultStride(p.m)], alpha, beta);
    }
}

int gemm(void* handle, int operationA, int operationB, int m, int n, int k, const void* alpha, Matrix a, Matrix b, const void* beta, Matrix c,
         int batch, int compute) {
    if (!alive(handle, HANDLE)) return NOT_INITIALIZED;
    auto* owner = (Handle*)handle;
    if ((operationA != OPERATION_N && operationA != OPERATION_T) || (operationB != OPERATION_N && operationB != OPERATION_T)) return invalid("the operation is neither N nor T");
    if (!isFloatOrHalf(a.type) || !isFloatOrHalf(c.type) || a.type != b.type || (a.type == FLOAT32 && c.type != FLOAT32)) {
        fault("cublasGemm: types A " + std::to_string(a.type) + ", B " + std::to_string(b.type) + ", C " + std::to_string(c.type) + " are not supported together");
        return NOT_SUPPORTED;
    }
    if (compute != COMPUTE_32F && compute != COMPUTE_32F_PEDANTIC && compute != COMPUTE_32F_FAST_16F && compute != COMPUTE_32F_FAST_TF32) {
        fault("cublasGemm: compute type " + std::to_string(compute) + " is not supported, only CUBLAS_COMPUTE_32F (68) and its kinds");
        return NOT_SUPPORTED;
    }
    if (m < 0 || n < 0 || k < 0 || batch < 0) return invalid("a dimension is negative");
    a.rows = operationA == OPERATION_N ? m : k;
    a.columns = operationA == OPERATION_N ? k : m;
    b.rows = operationB == OPERATION_N ? k : n;
    b.columns = operationB == OPERATION_N ? n : k;
    c.rows = m;
    c.columns = n;
    for (const Matrix& matrix : {a, b, c}) {
        if (matrix.leading < std::max(1, matrix.rows)) {
            return invalid("leading dimension " + std::to_string(matrix.leading) + " of " + matrix.name + " is less than its " + std::to_string(matrix.rows) + " rows");
        }
        if (matrix.stride < 0) return invalid(std::string("the stride of ") + matrix.name + " is negative");
    }
    if (batch > 1 && c.stride < (long long)(c.columns - 1) * c.leading + c.rows) return invalid("the matrices C of the batch overlap");
    if (!alpha || !beta) return invalid("alpha or beta is null");
    if (!m || !n || !batch) return SUCCESS;
    Product product{operationA == OPERATION_T, operationB == OPERATION_T, m, n, k, batch, a, b, c, 0, 0};
    std::vector<Operand> operands{extent(a, batch, false), extent(b, batch, false), extent(c, batch, true)};
    if (owner->workspace) operands.push_back({"workspace", owner->workspace, owner->workspaceBytes, true});
    if (owner->pointerMode == POINTER_MODE_DEVICE) {
        product.alphaAddress = (const float*)alpha;
        product.betaAddress = (const float*)beta;
        operands.push_back({"alpha", alpha, sizeof(float), false});
        operands.push_back({"beta", beta, sizeof(float), false});
    } else {
        product.alpha = *(const float*)alpha;
        product.beta = *(const float*)beta;
    }
    std::string name = "cublasGemm(m=" + std::to_string(m) + ", n=" + std::to_string(n) + ", k=" + std::to_string(k) + ")";
    int status = enqueue(owner->stream, name, operands, [product, workspace = owner->workspace, bytes = owner->workspaceBytes] {
        // Whoever keeps something in the workspace loses it, as on a GPU.
        if (workspace) memset(workspace, 0xFF, bytes);
        for (int i = 0; i < product.batch; i++) multiply(product, i);
        return 0;
    });
    return status ? EXECUTION_FAILED : SUCCESS;
}

}  // namespace

#define NEED_HANDLE                    \
    TRACE_CALL;                        \
    if (!alive(handle, HANDLE)) return NOT_INITIALIZED

SOFTCUDA_FUNCTION(int) cublasCreate_v2(void** handle) {
    TRACE_CALL;
    if (!handle) return INVALID_VALUE;
    if (!contextIsCurrent()) return NOT_INITIALIZED;
    *handle = new Handle;
    remember(*handle, HANDLE);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasDestroy_v2(void* handle) {
    NEED_HANDLE;
    forget(handle, HANDLE);
    delete (Handle*)handle;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasSetStream_v2(void* handle, void* stream) {
    NEED_HANDLE;
    ((Handle*)handle)->stream = stream;
    // As documented: setting the stream goes back to the library's own workspace.
    ((Handle*)handle)->workspace = nullptr;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasGetStream_v2(void* handle, void** stream) {
    NEED_HANDLE;
    *stream = ((Handle*)handle)->stream;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasSetWorkspace_v2(void* handle, void* workspace, size_t bytes) {
    NEED_HANDLE;
    if (workspace && (uintptr_t)workspace % 256) {
        fault("cublasSetWorkspace: " + hexadecimal(workspace) + " is not a multiple of 256");
        return INVALID_VALUE;
    }
    ((Handle*)handle)->workspace = bytes ? workspace : nullptr;
    ((Handle*)handle)->workspaceBytes = bytes;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasSetMathMode(void* handle, int mode) {
    NEED_HANDLE;
    int base = mode & 15;
    if (mode < 0 || base > 3) return INVALID_VALUE;  // default, tensor op (deprecated), pedantic, TF32
    ((Handle*)handle)->mathMode = mode;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasGetMathMode(void* handle, int* mode) {
    NEED_HANDLE;
    *mode = ((Handle*)handle)->mathMode;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasSetPointerMode_v2(void* handle, int mode) {
    NEED_HANDLE;
    if (mode != POINTER_MODE_HOST && mode != POINTER_MODE_DEVICE) return INVALID_VALUE;
    ((Handle*)handle)->pointerMode = mode;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasGetPointerMode_v2(void* handle, int* mode) {
    NEED_HANDLE;
    *mode = ((Handle*)handle)->pointerMode;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasSetAtomicsMode(void* handle, int) {
    NEED_HANDLE;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasGetProperty(int type, int* value) {
    TRACE_CALL;
    if (type < 0 || type > 2 || !value) return INVALID_VALUE;
    static const int VERSION[] = {12, 6, 3};
    *value = VERSION[type];
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cublasGetVersion_v2(void*, int* version) {
    TRACE_CALL;
    if (!version) return INVALID_VALUE;
    *version = 120603;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(const char*) cublasGetStatusString(int status) {
    switch (status) {
        case SUCCESS: return "success";
        case NOT_INITIALIZED: return "the library was not initialized";
        case INVALID_VALUE: return "an unsupported value or parameter was passed to the function";
        case EXECUTION_FAILED: return "the function failed to launch on the GPU";
        case NOT_SUPPORTED: return "the functionality requested is not supported";
        default: return "unknown";
    }
}

SOFTCUDA_FUNCTION(const char*) cublasGetStatusName(int status) {
    switch (status) {
        case SUCCESS: return "CUBLAS_STATUS_SUCCESS";
        case NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
        case INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
        case EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
        case NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
        default: return "unknown";
    }
}

SOFTCUDA_FUNCTION(int) cublasGemmStridedBatchedEx(void* handle, int operationA, int operationB, int m, int n, int k, const void* alpha, const void* a,
                                                  int typeA, int leadingA, long long strideA, const void* b, int typeB, int leadingB, long long strideB,
                                                  const void* beta, void* c, int typeC, int leadingC, long long strideC, int batch, int compute, int) {
    TRACE_CALL;
    return gemm(handle, operationA, operationB, m, n, k, alpha, {"A", a, typeA, 0, 0, leadingA, strideA}, {"B", b, typeB, 0, 0, leadingB, strideB}, beta,
                {"C", c, typeC, 0, 0, leadingC, strideC}, batch, compute);
}

SOFTCUDA_FUNCTION(int) cublasGemmEx(void* handle, int operationA, int operationB, int m, int n, int k, const void* alpha, const void* a, int typeA,
                                    int leadingA, const void* b, int typeB, int leadingB, const void* beta, void* c, int typeC, int leadingC, int compute, int) {
    TRACE_CALL;
    return gemm(handle, operationA, operationB, m, n, k, alpha, {"A", a, typeA, 0, 0, leadingA, 0}, {"B", b, typeB, 0, 0, leadingB, 0}, beta,
                {"C", c, typeC, 0, 0, leadingC, 0}, 1, compute);
}
