// Modules, and the launches of their kernels. A module's image is a shared object that g++ has built from a .cu file.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "state.h"

using namespace softcuda;

// The thread-local storage of a library; what a compiler calls for each thread-local variable (x86-64 psABI).
struct TlsIndex {
    unsigned long module, offset;
};
extern "C" void* __tls_get_addr(TlsIndex* index);

namespace softcuda {
namespace {

constexpr size_t MAXIMUM_DYNAMIC_SHARED_BYTES = 227 << 10;

struct TlsSearch {
    size_t module, bytes;
};

int findTls(dl_phdr_info* info, size_t, void* data) {
    auto* search = (TlsSearch*)data;
    if (info->dlpi_tls_modid != search->module) return 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_TLS) search->bytes = info->dlpi_phdr[i].p_memsz;
    }
    return 1;
}

int load(const char* path, Module** module) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        fault(std::string("cuModuleLoad: ") + dlerror());
        return INVALID_IMAGE;
    }
    *module = new Module{library};
    size_t id = 0;
    if (!dlinfo(library, RTLD_DI_TLS_MODID, &id) && id) {
        TlsSearch search{id, 0};
        dl_iterate_phdr(findTls, &search);
        (*module)->sharedModule = id;
        (*module)->sharedBytes = search.bytes;
    }
    if (auto attach = (void (*)(const HostServices*))dlsym(library, "keisei_attach_services")) attach(&hostServices);
    remember(*module, "module");
    return SUCCESS;
}

/** Dynamic shared memory that ends where unmapped memory begins. */
char* dynamicShared(size_t bytes) {
    static char* end = nullptr;
    if (!end) {
        size_t room = MAXIMUM_DYNAMIC_SHARED_BYTES + 4096 - MAXIMUM_DYNAMIC_SHARED_BYTES % 4096;
        char* memory = (char*)mmap(nullptr, room + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(memory + room, 4096, PROT_NONE);
        end = memory + room;
    }
    return end - (bytes + 15) / 16 * 16;
}

int refuse(const Function& function, const std::string& reason) {
    fault("cuLaunchKernel(" + std::string(function.kernel->name) + "): " + reason);
    return INVALID_VALUE;
}

/** Pointers among the arguments must lie in device memory, and become operands. */
int checkArguments(const Function& function, void** arguments, int device, std::vector<Binding>& bindings) {
    const KernelDescriptor& kernel = *function.kernel;
    for (unsigned i = 0; i < kernel.parameterCount; i++) {
        if (!arguments[i]) return refuse(function, "the address of parameter " + std::to_string(i) + " is null");
        if (!kernel.parameters[i].pointer) continue;
        void* address;
        memcpy(&address, arguments[i], sizeof address);
        if (!address || isPinned(address)) continue;
        std::string problem = rangeProblem(address, 0, device);
        if (!problem.empty()) {
            fault("cuLaunchKernel(" + std::string(kernel.name) + "): parameter " + std::to_string(i) + ": " + problem);
            return ILLEGAL_ADDRESS;
        }
        Allocation* allocation = findAllocation(address);
        std::string name = "parameter " + std::to_string(i);
        bindings.push_back({{"", address, extent(*allocation, address), !kernel.parameters[i].readOnly}, name, allocation->serial});
    }
    return SUCCESS;
}

}  // namespace
}  // namespace softcuda

SOFTCUDA_FUNCTION(int) cuModuleLoadData(void** handle, const void* image) {
    NEED_CONTEXT;
    if (!handle || !image) return INVALID_VALUE;
    auto* header = (const Elf64_Ehdr*)image;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_machine != EM_X86_64) {
        fault("cuModuleLoadData: the image is not one for the software device (a cubin of a GPU, or PTX?)");
        return NO_BINARY_FOR_GPU;
    }
    // The section headers come last in what the linker writes.
    size_t bytes = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
    // The loader takes equal paths for the same library, so the file of an image stays open and its path its own; and as
    // libraries stay loaded, an image that comes again is the one that is there.
    static std::map<std::string, std::string> paths;
    std::string& path = paths[std::string((const char*)image, bytes)];
    if (path.empty()) {
        int file = memfd_create("keisei-kernels", MFD_CLOEXEC);
        if (file < 0) return OUT_OF_MEMORY;
        for (size_t written = 0; written < bytes;) {
            ssize_t count = write(file, (const char*)image + written, bytes - written);
            if (count <= 0) {
                close(file);
                return OUT_OF_MEMORY;
            }
            written += count;
        }
        path = "/proc/self/fd/" + std::to_string(file);
    }
    return load(path.c_str(), (Module**)handle);
}

SOFTCUDA_FUNCTION(int) cuModuleLoadDataEx(void** handle, const void* image, unsigned, int*, void**) { return cuModuleLoadData(handle, image); }

SOFTCUDA_FUNCTION(int) cuModuleLoad(void** handle, const char* path) {
    NEED_CONTEXT;
    if (access(path, R_OK)) return FILE_NOT_FOUND;
    return load(path, (Module**)handle);
}

SOFTCUDA_FUNCTION(int) cuModuleUnload(void* handle) {
    NEED_CONTEXT;
    if (!forget(handle, "module")) {
        fault("cuModuleUnload: " + hexadecimal(handle) + " is not a live module");
        return INVALID_HANDLE;
    }
    flush();
    // Functions and graphs may still name it, and must then get an error instead of a crash: its memory stays.
    ((Module*)handle)->loaded = false;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuModuleGetFunction(void** function, void* handle, const char* name) {
    NEED_CONTEXT;
    if (!alive(handle, "module")) return INVALID_HANDLE;
    auto* module = (Module*)handle;
    auto* kernel = (const KernelDescriptor*)dlsym(module->library, (std::string("keisei_kernel_") + name).c_str());
    if (!kernel) return NOT_FOUND;
    if (kernel->version != MODULE_VERSION) {
        fault(std::string("cuModuleGetFunction: ") + name + " was built for another version of the software device");
        return INVALID_IMAGE;
    }
    static std::map<std::pair<Module*, const KernelDescriptor*>, Function*> functions;
    Function*& known = functions[{module, kernel}];
    if (!known) known = new Function{module, kernel};
    *function = known;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuFuncGetParamInfo(void* handle, size_t index, size_t* offset, size_t* bytes) {
    NEED_CONTEXT;
    const KernelDescriptor& kernel = *((Function*)handle)->kernel;
    if (index >= kernel.parameterCount) return INVALID_VALUE;
    size_t at = 0;
    for (size_t i = 0;; i++) {
        at = (at + kernel.parameters[i].alignment - 1) / kernel.parameters[i].alignment * kernel.parameters[i].alignment;
        if (i == index) break;
        at += kernel.parameters[i].bytes;
    }
    if (offset) *offset = at;
    if (bytes) *bytes = kernel.parameters[index].bytes;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuFuncSetAttribute(void* handle, int attribute, int value) {
    NEED_CONTEXT;
    if (!handle) return INVALID_HANDLE;
    if (attribute == 9) return SUCCESS;  // preferred shared memory carve-out: a hint
    if (attribute != 8) {
        fault("cuFuncSetAttribute: the software device does not know attribute " + std::to_string(attribute));
        return INVALID_VALUE;
    }
    if (value < 0 || (size_t)value > MAXIMUM_DYNAMIC_SHARED_BYTES) return INVALID_VALUE;
    ((Function*)handle)->maximumDynamicSharedBytes = value;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuFuncGetAttribute(int* value, int attribute, void* handle) {
    NEED_CONTEXT;
    if (!handle || !value) return INVALID_VALUE;
    auto* function = (Function*)handle;
    switch (attribute) {
        case 0: *value = 1024; break;
        case 1: *value = (int)function->module->sharedBytes; break;
        case 2: *value = 0; break;   // constant bytes
        case 3: *value = 0; break;   // local bytes of a thread
        case 4: *value = 32; break;  // registers
        case 5:
        case 6: *value = 90; break;
        case 8: *value = (int)function->maximumDynamicSharedBytes; break;
        default: fault("cuFuncGetAttribute: the software device does not know attribute " + std::to_string(attribute)); return INVALID_VALUE;
    }
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* handle, int threads, size_t) {
    NEED_CONTEXT;
    if (!handle || threads <= 0) return INVALID_VALUE;
    *blocks = threads > 1024 ? 0 : 2048 / threads;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuLaunchKernel(void* handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
                                      unsigned sharedBytes, void* streamHandle, void** arguments, void** extra) {
    NEED_CONTEXT;
    if (!handle) return INVALID_HANDLE;
    auto* function = (Function*)handle;
    const KernelDescriptor* kernel = function->kernel;
    if (!function->module->loaded) {
        fault("cuLaunchKernel(" + std::string(kernel->name) + "): its module was unloaded");
        return INVALID_HANDLE;
    }
    int problem;
    Stream* stream = findStream(streamHandle, &problem);
    if (!stream) return problem;
    if (extra) return refuse(*function, "the software device takes arguments by their addresses only, not as a buffer");
    if (!gridX || !gridY || !gridZ || gridY > 65535 || gridZ > 65535 || gridX > 0x7fffffffu) {
        return refuse(*function, "a grid of " + std::to_string(gridX) + " x " + std::to_string(gridY) + " x " + std::to_string(gridZ) + " blocks");
    }
    size_t threads = (size_t)blockX * blockY * blockZ;
    if (!threads || threads > (size_t)1024 || blockX > 1024 || blockY > 1024 || blockZ > 64) {
        return refuse(*function, "a block of " + std::to_string(blockX) + " x " + std::to_string(blockY) + " x " + std::to_string(blockZ) + " threads");
    }
    if (sharedBytes > function->maximumDynamicSharedBytes) {
        return refuse(*function, std::to_string(sharedBytes) + " bytes of dynamic shared memory, but " +
                                     std::to_string(function->maximumDynamicSharedBytes) + " are allowed for it");
    }
    if (kernel->parameterCount && !arguments) return refuse(*function, "no arguments");
    Node node;
    node.name = kernel->name;
    if ((problem = checkArguments(*function, arguments, stream->context->device, node.bindings))) return problem;
    // Parameters are copied now, as on a GPU: a graph keeps the values of its capture.
    std::vector<std::vector<char>> values;
    for (unsigned i = 0; i < kernel->parameterCount; i++) {
        values.emplace_back((char*)arguments[i], (char*)arguments[i] + kernel->parameters[i].bytes);
    }
    node.work = [=] {
        if (!function->module->loaded) {
            fault(std::string(kernel->name) + ": its module was unloaded before it ran");
            return (int)INVALID_HANDLE;
        }
        std::vector<std::vector<char>> copies = values;
        std::vector<void*> addresses;
        for (auto& copy : copies) addresses.push_back(copy.data());
        Launch launch{{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, dynamicShared(sharedBytes), sharedBytes, nullptr, 0, &hostServices};
        if (function->module->sharedBytes) {
            TlsIndex index{function->module->sharedModule, 0};
            launch.staticShared = __tls_get_addr(&index);
            launch.staticSharedBytes = function->module->sharedBytes;
        }
        std::string reason;
        int status = runGuarded([&] { kernel->run(&launch, addresses.data()); }, reason);
        if (status) fault("kernel " + std::string(kernel->name) + ": " + reason);
        if (!verifyGuards("kernel " + std::string(kernel->name)) && !status) status = ILLEGAL_ADDRESS;
        return status;
    };
    return submit(*stream, std::move(node));
}
