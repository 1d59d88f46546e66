// Included first when a kernel is compiled with -fsanitize=thread: g++ then calls one of these functions before each load
// and store that may reach memory of others. They ask libcuda whether the kernel may touch it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "launch.h"

#define KEISEI_UNCHECKED __attribute__((no_sanitize("thread")))

static const softcuda::HostServices* keisei_services;

extern "C" __attribute__((visibility("default"), used)) KEISEI_UNCHECKED void keisei_attach_services(const softcuda::HostServices* services) {
    keisei_services = services;
}

#define KEISEI_ACCESS(name, bytes, write)                                                             \
    extern "C" __attribute__((used)) KEISEI_UNCHECKED void __tsan_##name(void* address) {             \
        keisei_services->access(address, bytes, write);                                               \
    }
#define KEISEI_ACCESSES(bytes)                        \
    KEISEI_ACCESS(read##bytes, bytes, false)          \
    KEISEI_ACCESS(write##bytes, bytes, true)          \
    KEISEI_ACCESS(unaligned_read##bytes, bytes, false) \
    KEISEI_ACCESS(unaligned_write##bytes, bytes, true) \
    KEISEI_ACCESS(volatile_read##bytes, bytes, false) \
    KEISEI_ACCESS(volatile_write##bytes, bytes, true)
KEISEI_ACCESSES(1)
KEISEI_ACCESSES(2)
KEISEI_ACCESSES(4)
KEISEI_ACCESSES(8)
KEISEI_ACCESSES(16)
#undef KEISEI_ACCESSES
#undef KEISEI_ACCESS

extern "C" {
__attribute__((used)) KEISEI_UNCHECKED inline void __tsan_read_range(void* address, size_t bytes) { keisei_services->access(address, bytes, false); }
__attribute__((used)) KEISEI_UNCHECKED inline void __tsan_write_range(void* address, size_t bytes) { keisei_services->access(address, bytes, true); }
__attribute__((used)) KEISEI_UNCHECKED inline void __tsan_vptr_update(void**, void*) {}
__attribute__((used)) KEISEI_UNCHECKED inline void __tsan_func_entry(void*) {}
__attribute__((used)) KEISEI_UNCHECKED inline void __tsan_func_exit() {}
__attribute__((used)) KEISEI_UNCHECKED inline void __tsan_init() {}
}
