// The binary interface between a kernel module (compiled from .cu by g++) and the software libcuda.so.1.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace softcuda {

/** Raised whenever one of the structs of this file changes: a module of another version is refused. */
constexpr uint32_t MODULE_VERSION = 1;

/** What libcuda offers to a running kernel. */
struct HostServices {
    /** Ends the launch with CUDA_ERROR_LAUNCH_FAILED and this reason; does not return. */
    void (*fail)(const char* reason);
    /** Called by modules compiled with access checks for each load and store that may reach device memory. */
    void (*access)(const void* address, size_t bytes, bool write);
};

/** One launch, as libcuda hands it to the kernel's module. */
struct Launch {
    unsigned grid[3];
    unsigned block[3];
    /** Ends at an unmapped page, so that overruns are seen. */
    void* dynamicShared;
    size_t dynamicSharedBytes;
    /** The module's static shared variables in this thread; poisoned before each block. */
    void* staticShared;
    size_t staticSharedBytes;
    const HostServices* services;
};

/** One parameter of a kernel. */
struct Parameter {
    uint32_t bytes;
    uint32_t alignment;
    bool pointer;
    /** A pointer to const: the kernel only reads there. */
    bool readOnly;
};

/** What KEISEI_KERNEL exports as {@code keisei_kernel_NAME}. */
struct KernelDescriptor {
    uint32_t version;
    const char* name;
    uint32_t parameterCount;
    const Parameter* parameters;
    void (*run)(const Launch* launch, void** parameters);
};

}  // namespace softcuda
