// What is told about the use of the device: faults, leaks, calls.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "state.h"

using namespace softcuda;

namespace softcuda {
namespace {

constexpr size_t MAXIMUM_FUNCTIONS = 4096;
constexpr size_t PRINTED_LEAKS = 20;

struct Calls {
    std::mutex lock;
    std::vector<std::string> names;
    std::atomic<uint64_t> counts[MAXIMUM_FUNCTIONS];
};

Calls& calls() {
    static Calls* calls = new Calls;
    return *calls;
}

std::string describeCalls() {
    Calls& all = calls();
    std::lock_guard<std::mutex> guard(all.lock);
    std::vector<std::string> lines;
    for (size_t i = 0; i < all.names.size(); i++) {
        if (all.counts[i]) lines.push_back(all.names[i] + " " + std::to_string(all.counts[i]));
    }
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (auto& line : lines) text += line + "\n";
    return text;
}

void print(const std::string& title, const std::vector<std::string>& lines) {
    if (lines.empty() || state().quiet) return;
    fprintf(stderr, "software CUDA device: %s\n", title.c_str());
    for (size_t i = 0; i < lines.size() && i < PRINTED_LEAKS; i++) fprintf(stderr, "  %s\n", lines[i].c_str());
    if (lines.size() > PRINTED_LEAKS) fprintf(stderr, "  and %zu more\n", lines.size() - PRINTED_LEAKS);
}

/** Copies as much as fits; gives the number of lines. */
int give(const std::vector<std::string>& lines, char* text, size_t bytes) {
    std::string all;
    for (auto& line : lines) all += line + "\n";
    if (bytes) snprintf(text, bytes, "%s", all.c_str());
    return (int)lines.size();
}

struct AtEnd {
    ~AtEnd() {
        std::unique_lock<std::recursive_mutex> guard(state().lock, std::try_to_lock);
        if (guard) print("when the process ended there were still", describeLive());
        if (const char* path = getenv("SWCUDA_TRACE")) {
            std::string name = path;
            if (size_t at = name.find("%p"); at != std::string::npos) name.replace(at, 2, std::to_string(getpid()));
            if (FILE* file = fopen(name.c_str(), "w")) {
                fputs(describeCalls().c_str(), file);
                fclose(file);
            } else {
                fprintf(stderr, "software CUDA device: cannot write SWCUDA_TRACE=%s\n", name.c_str());
            }
        }
    }
} atEnd;

}  // namespace

CallCounter::CallCounter(const char* function)
    : index([&] {
          std::lock_guard<std::mutex> guard(calls().lock);
          auto& names = calls().names;
          if (names.size() == MAXIMUM_FUNCTIONS) abort();
          names.push_back(function);
          return names.size() - 1;
      }()) {}

void CallCounter::hit() { calls().counts[index]++; }

void fault(const std::string& text) {
    LOCK;
    state().faults.push_back(text);
    if (!state().quiet) fprintf(stderr, "software CUDA device: %s\n", text.c_str());
}

void remember(const void* handle, const char* kind) {
    LOCK;
    state().handles[handle] = kind;
}

bool forget(const void* handle, const char* kind) {
    LOCK;
    auto position = state().handles.find(handle);
    if (position == state().handles.end() || position->second != kind) return false;
    state().handles.erase(position);
    return true;
}

bool alive(const void* handle, const char* kind) {
    LOCK;
    auto position = state().handles.find(handle);
    if (position != state().handles.end() && position->second == kind) return true;
    fault(hexadecimal(handle) + " is not a live " + kind);
    return false;
}

/** Ends a device's context: what is left in it was leaked, and its error is forgotten. */
void endContext(Context& context) {
    flush();
    if (!verifyGuards("something before the end of the context")) context.failure = ILLEGAL_ADDRESS;
    std::vector<std::string> lines = freeAll(context.device);
    bool last = true;
    for (auto& other : state().devices) last &= other->references == 0;
    if (last) {
        for (auto& line : describeLive()) lines.push_back(line);
    }
    print("leaked when the context of device " + std::to_string(context.device) + " ended:", lines);
    state().leaks.insert(state().leaks.end(), lines.begin(), lines.end());
    context.failure = 0;
}

}  // namespace softcuda

/** What contexts had not freed when they ended, one per line. Gives how many. */
SOFTCUDA_FUNCTION(int) keiseiSoftcudaLeaks(char* text, size_t bytes) {
    LOCK;
    return give(state().leaks, text, bytes);
}

/** What is allocated or open now, one per line. Gives how many. */
SOFTCUDA_FUNCTION(int) keiseiSoftcudaLive(char* text, size_t bytes) {
    LOCK;
    return give(describeLive(), text, bytes);
}

/** The faults since the last reset, one per line. Gives how many. */
SOFTCUDA_FUNCTION(int) keiseiSoftcudaFaults(char* text, size_t bytes) {
    LOCK;
    return give(state().faults, text, bytes);
}

/** Function names and how often each was called since the last reset, one per line. Gives the bytes of the whole text. */
SOFTCUDA_FUNCTION(size_t) keiseiSoftcudaCalls(char* text, size_t bytes) {
    std::string all = describeCalls();
    if (bytes) snprintf(text, bytes, "%s", all.c_str());
    return all.size();
}

/** Forgets faults, leaks, calls and the errors of contexts, so that the next test of this process starts clean. */
SOFTCUDA_FUNCTION(void) keiseiSoftcudaReset() {
    LOCK;
    state().waiting.clear();
    state().faults.clear();
    state().leaks.clear();
    for (auto& context : state().devices) context->failure = 0;
    std::lock_guard<std::mutex> guard(calls().lock);
    for (auto& count : calls().counts) count = 0;
}

/** For tests that plant faults: faults and leaks are kept, but not printed. */
SOFTCUDA_FUNCTION(void) keiseiSoftcudaQuiet(int quiet) {
    LOCK;
    state().quiet = quiet != 0;
}

/** Whether operations wait until something waits for them, as they may on a GPU (SWCUDA_LAZY). */
SOFTCUDA_FUNCTION(void) keiseiSoftcudaLazy(int lazy) {
    LOCK;
    flush();
    state().lazy = lazy != 0;
}

/** An error of a context, as a test of the engine's own error paths needs it. */
SOFTCUDA_FUNCTION(void) keiseiSoftcudaFailContext(int device, int status) {
    LOCK;
    state().devices.at(device)->failure = status;
}
