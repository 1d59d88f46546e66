// What the software libcuda.so.1 offers to the stand-ins of cuBLAS, cuDNN and NVRTC, which are linked against it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include <functional>
#include <string>
#include <vector>

#define SOFTCUDA_EXPORT __attribute__((visibility("default")))
#define SOFTCUDA_FUNCTION(type) extern "C" SOFTCUDA_EXPORT type

namespace softcuda {

/** Memory that an operation reads or writes: its full extent, from the first to the last byte that it may touch. */
struct Operand {
    const char* name;
    const void* address;
    size_t bytes;
    bool write;
};

/** The work of one operation. Gives 0, or the CUDA error with which it failed. */
using Work = std::function<int()>;

/**
 * Checks the operands and runs the work in the stream's order, or records it when the stream is being captured.
 *
 * @return 0 or a CUDA error; a fault has been reported then
 */
SOFTCUDA_EXPORT int enqueue(void* stream, const std::string& name, const std::vector<Operand>& operands, Work work);

/** Whether the stream is being captured (libraries may not allocate or wait then). */
SOFTCUDA_EXPORT bool capturing(void* stream);

/** Whether a context is current, without which a library cannot be started. */
SOFTCUDA_EXPORT bool contextIsCurrent();

/** Tells about a misuse: on standard error and in keiseiSoftcudaFaults. */
SOFTCUDA_EXPORT void fault(const std::string& text);

/** A handle that leaks unless it is forgotten before the context goes. */
SOFTCUDA_EXPORT void remember(const void* handle, const char* kind);

/** Whether it was one of this kind, and not yet forgotten. */
SOFTCUDA_EXPORT bool forget(const void* handle, const char* kind);

/** Whether it is a live handle of this kind; if not, the fault is reported. */
SOFTCUDA_EXPORT bool alive(const void* handle, const char* kind);

/** Counts the calls of one function for SWCUDA_TRACE. */
class SOFTCUDA_EXPORT CallCounter {
   public:
    explicit CallCounter(const char* function);
    void hit();

   private:
    const size_t index;
};

std::string inline hexadecimal(const void* address) {
    char text[32];
    snprintf(text, sizeof text, "0x%llx", (unsigned long long)(uintptr_t)address);
    return text;
}

}  // namespace softcuda

/** First statement of every function of the interfaces. */
#define TRACE_CALL                                          \
    static softcuda::CallCounter callCounter(__func__);     \
    callCounter.hit()
