// Runs kernels so that what would be an illegal access on a GPU is an error of the launch, and not the process's end.
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "state.h"

namespace softcuda {
namespace {

// Launches run under the one lock, so that one of each is enough. Nothing here may be thread-local: a signal handler must
// not allocate.
volatile pid_t runningThread = 0;
sigjmp_buf leave;
char failureText[512];
volatile int failureStatus;
void* volatile failureAddress;
struct sigaction previous[SIGSEGV + SIGBUS + SIGFPE];

pid_t threadId() { return (pid_t)syscall(SYS_gettid); }

[[noreturn]] void leaveKernel(int status) {
    failureStatus = status;
    siglongjmp(leave, 1);
}

void handle(int signal, siginfo_t* info, void* context) {
    if (runningThread && runningThread == threadId()) {
        failureAddress = info->si_addr;
        strcpy(failureText, signal == SIGFPE ? "an integer division by zero" : "");
        leaveKernel(signal == SIGFPE ? LAUNCH_FAILED : ILLEGAL_ADDRESS);
    }
    // Not ours: the Java machine uses these signals for its own ends.
    struct sigaction& old = previous[signal];
    if (old.sa_flags & SA_SIGINFO) {
        old.sa_sigaction(signal, info, context);
    } else if (old.sa_handler == SIG_DFL) {
        sigaction(signal, &old, nullptr);
    } else if (old.sa_handler != SIG_IGN) {
        old.sa_handler(signal);
    }
}

void installHandlers() {
    static bool installed = false;
    if (installed) return;
    installed = true;
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE}) {
        struct sigaction action {};
        action.sa_sigaction = handle;
        action.sa_flags = SA_SIGINFO | SA_NODEFER;
        sigaction(signal, nullptr, &previous[signal]);
        // The handlers before keep the signals that they block, and their alternative stack.
        action.sa_mask = previous[signal].sa_mask;
        action.sa_flags |= previous[signal].sa_flags & SA_ONSTACK;
        sigaction(signal, &action, nullptr);
    }
}

void failKernel(const char* reason) {
    strncpy(failureText, reason, sizeof failureText - 1);
    leaveKernel(LAUNCH_FAILED);
}

void checkAccess(const void* address, size_t bytes, bool write) {
    if (!isDeviceAddress(address)) return;
    Allocation* allocation = findAllocation(address);
    if (allocation && bytes <= extent(*allocation, address)) return;
    failureAddress = (void*)address;
    strcpy(failureText, write ? "a store of " : "a load of ");
    char* at = failureText + strlen(failureText);
    snprintf(at, 64, "%zu bytes", bytes);
    leaveKernel(ILLEGAL_ADDRESS);
}

}  // namespace

const HostServices hostServices{failKernel, checkAccess};

int runGuarded(const std::function<void()>& run, std::string& reason) {
    installHandlers();
    failureText[0] = 0;
    failureAddress = nullptr;
    if (sigsetjmp(leave, 1) == 0) {
        runningThread = threadId();
        run();
        runningThread = 0;
        return SUCCESS;
    }
    runningThread = 0;
    reason = failureText;
    if (failureStatus == ILLEGAL_ADDRESS) {
        std::string problem = rangeProblem(failureAddress, 1, currentContext()->device);
        if (!reason.empty()) reason += ": ";
        reason += problem.empty() ? hexadecimal(failureAddress) + " (at the edge of what is allowed)" : problem;
    }
    return failureStatus;
}

}  // namespace softcuda
