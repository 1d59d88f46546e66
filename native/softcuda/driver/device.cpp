// Devices and contexts.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

using namespace softcuda;

namespace softcuda {

State& state() {
    static State* state = new State;  // never destroyed: other libraries use it while the process ends
    return *state;
}

Context*& currentContext() {
    static thread_local Context* current = nullptr;
    return current;
}

int contextProblem() {
    if (!state().initialized) return NOT_INITIALIZED;
    if (!currentContext()) return INVALID_CONTEXT;
    return currentContext()->failure;
}

static long environmentNumber(const char* name, long otherwise) {
    const char* text = getenv(name);
    if (!text || !*text) return otherwise;
    char* end;
    long value = strtol(text, &end, 10);
    if (*end || value < 0) {
        fprintf(stderr, "software CUDA device: %s is '%s', but must be a number that is not negative\n", name, text);
        abort();
    }
    return value;
}

/** Whether a handle is one of the devices' contexts. */
static bool isContext(const void* handle) {
    for (auto& context : state().devices) {
        if (context.get() == handle) return true;
    }
    return false;
}

static bool isDevice(int device) { return device >= 0 && device < (int)state().devices.size(); }

}  // namespace softcuda

#define NEED_DEVICE(device)                             \
    TRACE_CALL;                                         \
    LOCK;                                               \
    if (!state().initialized) return NOT_INITIALIZED;   \
    if (!isDevice(device)) return INVALID_DEVICE

SOFTCUDA_FUNCTION(int) cuInit(unsigned flags) {
    TRACE_CALL;
    LOCK;
    if (flags) return INVALID_VALUE;
    long devices = environmentNumber("SWCUDA_DEVICES", 1);
    if (!devices) return NO_DEVICE;
    State& all = state();
    if (all.initialized) return SUCCESS;
    all.memoryBytes = (size_t)environmentNumber("SWCUDA_MEMORY_MB", 2048) << 20;
    all.lazy = environmentNumber("SWCUDA_LAZY", 0) != 0;
    for (int device = 0; device < devices; device++) {
        all.devices.push_back(std::make_unique<Context>());
        all.devices.back()->device = device;
        all.nullStreams.push_back(std::make_unique<Stream>());
        all.nullStreams.back()->number = all.streamCount++;
        all.nullStreams.back()->context = all.devices.back().get();
    }
    all.initialized = true;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDriverGetVersion(int* version) {
    TRACE_CALL;
    if (!version) return INVALID_VALUE;
    *version = 12060;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceGetCount(int* count) {
    TRACE_CALL;
    if (!state().initialized) return NOT_INITIALIZED;
    *count = (int)state().devices.size();
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceGet(int* device, int ordinal) {
    NEED_DEVICE(ordinal);
    *device = ordinal;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceGetName(char* name, int bytes, int device) {
    NEED_DEVICE(device);
    snprintf(name, bytes, "Keisei software CUDA device");
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceTotalMem_v2(size_t* bytes, int device) {
    NEED_DEVICE(device);
    *bytes = state().memoryBytes;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceGetUuid(char* uuid, int device) {
    NEED_DEVICE(device);
    memcpy(uuid, "keisei-softcuda0", 16);
    uuid[15] = (char)device;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceGetUuid_v2(char* uuid, int device) { return cuDeviceGetUuid(uuid, device); }

SOFTCUDA_FUNCTION(int) cuDeviceGetPCIBusId(char* text, int bytes, int device) {
    NEED_DEVICE(device);
    snprintf(text, bytes, "0000:%02x:00.0", device);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceGetAttribute(int* value, int attribute, int device) {
    NEED_DEVICE(device);
    switch (attribute) {
        case 1:  // threads of a block, and its edges
        case 2:
        case 3: *value = 1024; break;
        case 4: *value = 64; break;
        case 5: *value = 0x7fffffff; break;  // edges of a grid
        case 6:
        case 7: *value = 65535; break;
        case 8: *value = 48 << 10; break;   // shared memory of a block
        case 10: *value = 32; break;        // threads of a warp
        case 12: *value = 65536; break;     // registers of a block
        case 13: *value = 1000000; break;   // clock, kHz
        case 14: *value = 512; break;       // texture alignment
        case 16: *value = 4; break;         // multiprocessors
        case 20: *value = 0; break;         // not a mobile device's compute mode: default
        case 31: *value = 1; break;         // concurrent kernels
        case 32: *value = 0; break;         // ECC
        case 33: *value = 0; break;         // PCI bus, device, domain
        case 34: *value = device; break;
        case 50: *value = 0; break;
        case 36: *value = 1000000; break;   // memory clock, kHz
        case 37: *value = 5120; break;      // memory bus, bits
        case 38: *value = 50 << 20; break;  // L2 cache
        case 39: *value = 2048; break;      // threads of a multiprocessor
        case 40: *value = 1; break;         // asynchronous engines
        case 41: *value = 1; break;         // unified addressing
        case 75: *value = 9; break;         // compute capability
        case 76: *value = 0; break;
        case 78: *value = 1; break;         // stream priorities
        case 81: *value = 228 << 10; break; // shared memory of a multiprocessor
        case 82: *value = 65536; break;     // registers of a multiprocessor
        case 83: *value = 0; break;         // managed memory
        case 95: *value = 0; break;         // cooperative launch
        case 97: *value = 227 << 10; break; // shared memory of a block, opt-in
        case 115: *value = 0; break;        // memory pools
        default:
            fault("cuDeviceGetAttribute: the software device does not know attribute " + std::to_string(attribute));
            return INVALID_VALUE;
    }
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDeviceComputeCapability(int* major, int* minor, int device) {
    NEED_DEVICE(device);
    *major = 9;
    *minor = 0;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDevicePrimaryCtxRetain(void** context, int device) {
    NEED_DEVICE(device);
    state().devices[device]->references++;
    *context = state().devices[device].get();
    return SUCCESS;
}

namespace softcuda {
/** Ends a device's context: what is left in it was leaked, and its error is forgotten. */
void endContext(Context& context);
}  // namespace softcuda

SOFTCUDA_FUNCTION(int) cuDevicePrimaryCtxRelease_v2(int device) {
    NEED_DEVICE(device);
    Context& context = *state().devices[device];
    if (!context.references) return INVALID_CONTEXT;
    if (!--context.references) endContext(context);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDevicePrimaryCtxReset_v2(int device) {
    NEED_DEVICE(device);
    endContext(*state().devices[device]);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDevicePrimaryCtxGetState(int device, unsigned* flags, int* active) {
    NEED_DEVICE(device);
    *flags = 0;
    *active = state().devices[device]->references > 0;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuDevicePrimaryCtxSetFlags_v2(int device, unsigned) {
    NEED_DEVICE(device);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuCtxSetCurrent(void* context) {
    TRACE_CALL;
    LOCK;
    if (!state().initialized) return NOT_INITIALIZED;
    if (context && !isContext(context)) return INVALID_CONTEXT;
    currentContext() = (Context*)context;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuCtxGetCurrent(void** context) {
    TRACE_CALL;
    LOCK;
    if (!state().initialized) return NOT_INITIALIZED;
    *context = currentContext();
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuCtxPushCurrent_v2(void* context) {
    TRACE_CALL;
    LOCK;
    if (!isContext(context)) return INVALID_CONTEXT;
    if (currentContext()) {
        fault("cuCtxPushCurrent: the software device keeps no stack of contexts, and one is current");
        return NOT_SUPPORTED;
    }
    currentContext() = (Context*)context;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuCtxPopCurrent_v2(void** context) {
    TRACE_CALL;
    LOCK;
    if (!currentContext()) return INVALID_CONTEXT;
    if (context) *context = currentContext();
    currentContext() = nullptr;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuCtxGetDevice(int* device) {
    NEED_CONTEXT;
    *device = currentContext()->device;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuCtxGetStreamPriorityRange(int* least, int* greatest) {
    NEED_CONTEXT;
    if (least) *least = 0;
    if (greatest) *greatest = -5;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuCtxGetApiVersion(void*, unsigned* version) {
    NEED_CONTEXT;
    *version = 3020;
    return SUCCESS;
}

namespace softcuda {
bool contextIsCurrent() {
    LOCK;
    return contextProblem() == SUCCESS;
}
}  // namespace softcuda
