// Device and pinned host memory. Addresses are never used twice and freed pages are unmapped, so that a use after free is
// seen whenever it comes; guard zones around each allocation lie within its mapped pages.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "state.h"

using namespace softcuda;

namespace softcuda {
namespace {

constexpr size_t PAGE_BYTES = 4096;
constexpr size_t ADDRESS_SPACE_BYTES = 1ull << 42;
/** Device addresses are multiples of this, as the driver's. */
constexpr size_t ALIGNMENT_BYTES = 512;
constexpr size_t GUARD_BYTES = 512;
/** NaN as half and as float, so that what was never written shows. */
constexpr int POISON = 0xFF;

struct AddressSpace {
    char* begin = nullptr;
    char* next = nullptr;
} space;

thread_local std::string label;

std::string site() {
    if (!label.empty()) return label;
    char name[32] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    return std::string("thread ") + name;
}

char* reservePages(size_t bytes) {
    if (!space.begin) {
        void* memory = mmap(nullptr, ADDRESS_SPACE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED) return nullptr;
        space.begin = space.next = (char*)memory;
    }
    // One unmapped page lies before each allocation, and so after each, too.
    char* pages = space.next + PAGE_BYTES;
    if (pages + bytes + PAGE_BYTES > space.begin + ADDRESS_SPACE_BYTES) {
        fault("cuMemAlloc: the process has used up the software device's addresses, which are never used twice");
        return nullptr;
    }
    if (mprotect(pages, bytes, PROT_READ | PROT_WRITE)) return nullptr;
    space.next = pages + bytes;
    return pages;
}

size_t roundUp(size_t bytes, size_t multiple) { return (bytes + multiple - 1) / multiple * multiple; }

/** How many bytes from {@code begin} are no longer poison, and the first of them. */
size_t changedBytes(const char* begin, const char* end, const char** first) {
    size_t changed = 0;
    const char* at = begin;
    for (; at + 8 <= end; at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        if (word == ~0ull) continue;
        for (int i = 0; i < 8; i++) {
            if ((unsigned char)at[i] != POISON && !changed++) *first = at + i;
        }
    }
    for (; at < end; at++) {
        if ((unsigned char)*at != POISON && !changed++) *first = at;
    }
    return changed;
}

std::string describe(const Allocation& allocation) {
    return "allocation #" + std::to_string(allocation.serial) + " of " + std::to_string(allocation.bytes) + " bytes at " +
           hexadecimal((void*)allocation.address) + " (" + allocation.site + ")";
}

void release(std::map<DevicePointer, Allocation>::iterator position) {
    Allocation& allocation = position->second;
    State& all = state();
    all.devices[allocation.device]->usedBytes -= roundUp(allocation.bytes, ALIGNMENT_BYTES);
    // A fresh mapping joins its neighbours, so that the process does not run out of mappings.
    mmap(allocation.pages, allocation.pageBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    all.freed[allocation.address] = {allocation.serial, allocation.bytes, allocation.site};
    if (all.freed.size() > 100000) all.freed.erase(all.freed.begin());
    all.allocations.erase(position);
}

std::string describeFreed(const void* address) {
    auto& freed = state().freed;
    auto after = freed.upper_bound((DevicePointer)address);
    if (after == freed.begin()) return "";
    auto& [begin, allocation] = *--after;
    if ((DevicePointer)address >= begin + allocation.bytes) return "";
    return "use after free: byte " + std::to_string((DevicePointer)address - begin) + " of allocation #" +
           std::to_string(allocation.serial) + " of " + std::to_string(allocation.bytes) + " bytes (" + allocation.site + "), which was freed";
}

}  // namespace

bool isDeviceAddress(const void* address) {
    return space.begin && (char*)address >= space.begin && (char*)address < space.begin + ADDRESS_SPACE_BYTES;
}

Allocation* findAllocation(const void* address) {
    auto& allocations = state().allocations;
    auto after = allocations.upper_bound((DevicePointer)address);
    if (after == allocations.begin()) return nullptr;
    Allocation& allocation = (--after)->second;
    return (DevicePointer)address <= allocation.address + allocation.bytes ? &allocation : nullptr;
}

size_t extent(const Allocation& allocation, const void* address) {
    DevicePointer at = (DevicePointer)address;
    if (allocation.regions.empty()) return allocation.address + allocation.bytes - at;
    auto after = allocation.regions.upper_bound(at);
    if (after != allocation.regions.begin()) {
        auto [begin, bytes] = *--after;
        if (at < begin + bytes) return begin + bytes - at;
    }
    return 0;  // between two parts
}

std::string rangeProblem(const void* address, size_t bytes, int device) {
    std::string range = std::to_string(bytes) + " bytes at " + hexadecimal(address);
    if (!isDeviceAddress(address)) return range + " are not device memory";
    Allocation* allocation = findAllocation(address);
    if (!allocation) {
        std::string freed = describeFreed(address);
        return freed.empty() ? range + " are in no live allocation" : freed;
    }
    if (allocation->device != device) return range + " belong to device " + std::to_string(allocation->device) + ", not to " + std::to_string(device);
    size_t room = extent(*allocation, address);
    if (bytes <= room) return "";
    return range + " are out of range: " + std::to_string(room) + " bytes are left there in " + describe(*allocation);
}

std::string hostRangeProblem(const void* address, size_t bytes) {
    if (!address) return "the host address is null";
    if (isDeviceAddress(address)) return hexadecimal(address) + " is device memory, but stands for host memory";
    auto& hosts = state().hostAllocations;
    auto after = hosts.upper_bound((uint64_t)address);
    if (after == hosts.begin()) return "";
    auto& [begin, allocation] = *--after;
    if ((uint64_t)address >= begin + allocation.bytes || (uint64_t)address + bytes <= begin + allocation.bytes) return "";
    return std::to_string(bytes) + " bytes at " + hexadecimal(address) + " are out of range: pinned host memory of " +
           std::to_string(allocation.bytes) + " bytes begins at " + hexadecimal((void*)begin);
}

bool isPinned(const void* address) {
    auto& hosts = state().hostAllocations;
    auto after = hosts.upper_bound((uint64_t)address);
    if (after == hosts.begin()) return false;
    --after;
    return (uint64_t)address < after->first + after->second.bytes;
}

bool verifyGuards(const std::string& operation) {
    bool whole = true;
    for (auto& [address, allocation] : state().allocations) {
        if (allocation.guardBroken) continue;
        char* data = (char*)address;
        const char* first = nullptr;
        size_t before = changedBytes(allocation.pages, data, &first);
        if (before) {
            fault(operation + " wrote " + std::to_string(before) + " bytes before the begin of " + describe(allocation) + ", the first " +
                  std::to_string(data - first) + " bytes before it");
        }
        size_t after = changedBytes(data + allocation.bytes, allocation.pages + allocation.pageBytes, &first);
        if (after) {
            fault(operation + " wrote " + std::to_string(after) + " bytes past the end of " + describe(allocation) + ", the first " +
                  std::to_string(first - data - (long)allocation.bytes) + " bytes past it");
        }
        if (before || after) {
            allocation.guardBroken = true;
            whole = false;
        }
    }
    return whole;
}

std::vector<std::string> describeLive() {
    std::vector<std::string> lines;
    for (auto& [address, allocation] : state().allocations) lines.push_back(describe(allocation));
    for (auto& [address, allocation] : state().hostAllocations) {
        lines.push_back("pinned host memory of " + std::to_string(allocation.bytes) + " bytes (" + allocation.site + ")");
    }
    for (auto& [handle, kind] : state().handles) lines.push_back(kind + " " + hexadecimal(handle));
    return lines;
}

std::vector<std::string> freeAll(int device) {
    std::vector<std::string> lines;
    auto& allocations = state().allocations;
    for (auto position = allocations.begin(); position != allocations.end();) {
        auto current = position++;
        if (current->second.device != device) continue;
        lines.push_back(describe(current->second));
        release(current);
    }
    return lines;
}

}  // namespace softcuda

/** Names what allocates next on this thread, for messages about leaks; null ends it. */
SOFTCUDA_FUNCTION(void) keiseiSoftcudaLabel(const char* text) { label = text ? text : ""; }

/**
 * Announces a part of an allocation that is used by itself; 0 bytes end it. From the first part on, every access must lie within
 * one part.
 */
SOFTCUDA_FUNCTION(int) keiseiSoftcudaRegion(DevicePointer address, size_t bytes) {
    LOCK;
    Allocation* allocation = findAllocation((void*)address);
    if (!allocation || address + bytes > allocation->address + allocation->bytes) return INVALID_VALUE;
    if (bytes) allocation->regions[address] = bytes;
    else allocation->regions.erase(address);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuMemGetInfo_v2(size_t* freeBytes, size_t* totalBytes) {
    NEED_CONTEXT;
    *freeBytes = state().memoryBytes - currentContext()->usedBytes;
    *totalBytes = state().memoryBytes;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuMemAlloc_v2(DevicePointer* address, size_t bytes) {
    NEED_CONTEXT;
    if (int problem = refuseWhileCapturing()) return problem;
    if (!address || !bytes) return INVALID_VALUE;
    State& all = state();
    uint64_t serial = ++all.allocationCount;
    // Failing one chosen allocation shows, by the exception's stack, where a leak of that number comes from.
    const char* failing = getenv("SWCUDA_FAIL_ALLOCATION");
    if (failing && strtoull(failing, nullptr, 10) == serial) return OUT_OF_MEMORY;
    size_t accounted = roundUp(bytes, ALIGNMENT_BYTES);
    if (accounted < bytes || accounted > all.memoryBytes - currentContext()->usedBytes) return OUT_OF_MEMORY;
    Allocation allocation{};
    allocation.pageBytes = roundUp(GUARD_BYTES + bytes + GUARD_BYTES, PAGE_BYTES);
    allocation.pages = reservePages(allocation.pageBytes);
    if (!allocation.pages) return OUT_OF_MEMORY;
    memset(allocation.pages, POISON, allocation.pageBytes);
    allocation.serial = serial;
    allocation.address = (DevicePointer)allocation.pages + GUARD_BYTES;
    allocation.bytes = bytes;
    allocation.device = currentContext()->device;
    allocation.site = site();
    currentContext()->usedBytes += accounted;
    *address = allocation.address;
    all.allocations[allocation.address] = std::move(allocation);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuMemFree_v2(DevicePointer address) {
    NEED_CONTEXT;
    if (int problem = refuseWhileCapturing()) return problem;
    if (!address) return SUCCESS;
    flush();
    auto position = state().allocations.find(address);
    if (position == state().allocations.end()) {
        std::string freed = describeFreed((void*)address);
        fault("cuMemFree: " + hexadecimal((void*)address) + (freed.empty() ? " is not the address of a live allocation" : " was freed before: " + freed));
        return INVALID_VALUE;
    }
    bool whole = verifyGuards("something before cuMemFree");
    release(position);
    return whole ? SUCCESS : ILLEGAL_ADDRESS;
}

SOFTCUDA_FUNCTION(int) cuMemGetAddressRange_v2(DevicePointer* begin, size_t* bytes, DevicePointer address) {
    NEED_CONTEXT;
    Allocation* allocation = findAllocation((void*)address);
    if (!allocation || address >= allocation->address + allocation->bytes) return NOT_FOUND;
    if (begin) *begin = allocation->address;
    if (bytes) *bytes = allocation->bytes;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuMemHostAlloc(void** address, size_t bytes, unsigned flags) {
    NEED_CONTEXT;
    if (!address || !bytes || flags & ~7u) return INVALID_VALUE;
    void* memory = aligned_alloc(PAGE_BYTES, roundUp(bytes, PAGE_BYTES));
    if (!memory) return OUT_OF_MEMORY;
    memset(memory, POISON, bytes);
    state().hostAllocations[(uint64_t)memory] = {bytes, false, site()};
    *address = memory;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuMemAllocHost_v2(void** address, size_t bytes) { return cuMemHostAlloc(address, bytes, 0); }

static int forgetHost(const char* function, void* address, bool registered) {
    flush();
    auto position = state().hostAllocations.find((uint64_t)address);
    if (position == state().hostAllocations.end() || position->second.registered != registered) {
        fault(std::string(function) + ": " + hexadecimal(address) + " is not the begin of such host memory");
        return INVALID_VALUE;
    }
    state().hostAllocations.erase(position);
    if (!registered) free(address);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuMemFreeHost(void* address) {
    NEED_CONTEXT;
    return forgetHost("cuMemFreeHost", address, false);
}

SOFTCUDA_FUNCTION(int) cuMemHostRegister_v2(void* address, size_t bytes, unsigned) {
    NEED_CONTEXT;
    if (!address || !bytes || isPinned(address)) return INVALID_VALUE;
    state().hostAllocations[(uint64_t)address] = {bytes, true, site()};
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuMemHostUnregister(void* address) {
    NEED_CONTEXT;
    return forgetHost("cuMemHostUnregister", address, true);
}

SOFTCUDA_FUNCTION(int) cuMemHostGetDevicePointer_v2(DevicePointer* address, void* host, unsigned flags) {
    NEED_CONTEXT;
    if (flags || !isPinned(host)) return INVALID_VALUE;
    *address = (DevicePointer)host;
    return SUCCESS;
}
