// Copies and fills.
#include <string.h>

#include "state.h"

using namespace softcuda;

namespace {

enum Side { HOST, DEVICE };

int problemOf(const char* function, const char* what, const std::string& problem) {
    if (problem.empty()) return SUCCESS;
    fault(std::string(function) + ": " + what + ": " + problem);
    return INVALID_VALUE;
}

int check(const char* function, const char* what, Side side, const void* address, size_t bytes) {
    // Pinned host memory has a device address, too.
    bool host = side == HOST || isPinned(address);
    return problemOf(function, what, host ? hostRangeProblem(address, bytes) : rangeProblem(address, bytes, currentContext()->device));
}

int copy(const char* function, void* destination, Side to, const void* source, Side from, size_t bytes, void* handle, bool wait) {
    int problem;
    Stream* stream = findStream(handle, &problem);
    if (!stream) return problem;
    if (wait) {
        if (int refused = refuseWhileCapturing()) return refused;
    }
    if (!bytes) return SUCCESS;
    if ((problem = check(function, "destination", to, destination, bytes))) return problem;
    if ((problem = check(function, "source", from, source, bytes))) return problem;
    if ((char*)destination < (char*)source + bytes && (char*)source < (char*)destination + bytes && to == from) {
        return problemOf(function, "source and destination", "they overlap");
    }
    std::vector<Operand> operands;
    if (isDeviceAddress(destination)) operands.push_back({"destination", destination, bytes, true});
    if (isDeviceAddress(source)) operands.push_back({"source", source, bytes, false});
    Node node;
    node.name = function;
    if ((problem = bindOperands(function, operands, stream->context->device, node.bindings))) return problem;
    node.work = [=] {
        memcpy(destination, source, bytes);
        return SUCCESS;
    };
    problem = submit(*stream, std::move(node));
    if (wait && !problem) {
        flush();
        join(state().hostClock, stream->clock);
        return stream->context->failure;
    }
    return problem;
}

template <class T>
int fill(const char* function, DevicePointer address, T value, size_t count, void* handle, bool wait) {
    int problem;
    Stream* stream = findStream(handle, &problem);
    if (!stream) return problem;
    if (wait) {
        if (int refused = refuseWhileCapturing()) return refused;
    }
    if (!count) return SUCCESS;
    if (address % sizeof(T)) return problemOf(function, "destination", hexadecimal((void*)address) + " is not a multiple of " + std::to_string(sizeof(T)));
    size_t bytes = count * sizeof(T);
    if ((problem = check(function, "destination", DEVICE, (void*)address, bytes))) return problem;
    Node node;
    node.name = function;
    if ((problem = bindOperands(function, {{"destination", (void*)address, bytes, true}}, stream->context->device, node.bindings))) return problem;
    node.work = [=] {
        T* at = (T*)address;
        for (size_t i = 0; i < count; i++) at[i] = value;
        return SUCCESS;
    };
    return submit(*stream, std::move(node));
}

}  // namespace

SOFTCUDA_FUNCTION(int) cuMemcpyHtoD_v2(DevicePointer destination, const void* source, size_t bytes) {
    NEED_CONTEXT;
    return copy("cuMemcpyHtoD", (void*)destination, DEVICE, source, HOST, bytes, nullptr, true);
}

SOFTCUDA_FUNCTION(int) cuMemcpyDtoH_v2(void* destination, DevicePointer source, size_t bytes) {
    NEED_CONTEXT;
    return copy("cuMemcpyDtoH", destination, HOST, (void*)source, DEVICE, bytes, nullptr, true);
}

SOFTCUDA_FUNCTION(int) cuMemcpyDtoD_v2(DevicePointer destination, DevicePointer source, size_t bytes) {
    NEED_CONTEXT;
    return copy("cuMemcpyDtoD", (void*)destination, DEVICE, (void*)source, DEVICE, bytes, nullptr, true);
}

SOFTCUDA_FUNCTION(int) cuMemcpyHtoDAsync_v2(DevicePointer destination, const void* source, size_t bytes, void* stream) {
    NEED_CONTEXT;
    return copy("cuMemcpyHtoDAsync", (void*)destination, DEVICE, source, HOST, bytes, stream, false);
}

SOFTCUDA_FUNCTION(int) cuMemcpyDtoHAsync_v2(void* destination, DevicePointer source, size_t bytes, void* stream) {
    NEED_CONTEXT;
    return copy("cuMemcpyDtoHAsync", destination, HOST, (void*)source, DEVICE, bytes, stream, false);
}

SOFTCUDA_FUNCTION(int) cuMemcpyDtoDAsync_v2(DevicePointer destination, DevicePointer source, size_t bytes, void* stream) {
    NEED_CONTEXT;
    return copy("cuMemcpyDtoDAsync", (void*)destination, DEVICE, (void*)source, DEVICE, bytes, stream, false);
}

SOFTCUDA_FUNCTION(int) cuMemsetD8Async(DevicePointer address, unsigned char value, size_t count, void* stream) {
    NEED_CONTEXT;
    return fill("cuMemsetD8Async", address, value, count, stream, false);
}

SOFTCUDA_FUNCTION(int) cuMemsetD16Async(DevicePointer address, unsigned short value, size_t count, void* stream) {
    NEED_CONTEXT;
    return fill("cuMemsetD16Async", address, value, count, stream, false);
}

SOFTCUDA_FUNCTION(int) cuMemsetD32Async(DevicePointer address, unsigned value, size_t count, void* stream) {
    NEED_CONTEXT;
    return fill("cuMemsetD32Async", address, value, count, stream, false);
}

SOFTCUDA_FUNCTION(int) cuMemsetD8_v2(DevicePointer address, unsigned char value, size_t count) {
    NEED_CONTEXT;
    return fill("cuMemsetD8", address, value, count, nullptr, true);
}

SOFTCUDA_FUNCTION(int) cuMemsetD16_v2(DevicePointer address, unsigned short value, size_t count) {
    NEED_CONTEXT;
    return fill("cuMemsetD16", address, value, count, nullptr, true);
}

SOFTCUDA_FUNCTION(int) cuMemsetD32_v2(DevicePointer address, unsigned value, size_t count) {
    NEED_CONTEXT;
    return fill("cuMemsetD32", address, value, count, nullptr, true);
}
