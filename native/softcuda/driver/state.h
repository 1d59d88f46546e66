// The state of the software driver: devices, contexts, allocations, streams, graphs. One lock guards all of it.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "../common/services.h"
#include "../include/softcuda/launch.h"

namespace softcuda {

typedef uint64_t DevicePointer;

enum Status {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    NOT_INITIALIZED = 3,
    NO_DEVICE = 100,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    NO_BINARY_FOR_GPU = 209,
    FILE_NOT_FOUND = 301,
    INVALID_HANDLE = 400,
    NOT_FOUND = 500,
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    LAUNCH_FAILED = 719,
    NOT_SUPPORTED = 801,
    CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901,
    CAPTURE_UNMATCHED = 903,
    CAPTURE_UNJOINED = 904,
    CAPTURE_ISOLATION = 905
};

/** How far each stream had come: stream number to the number of its operations. */
typedef std::map<int, uint64_t> Clock;

/** A past use of a part of an allocation, for the check of the order between streams. */
struct Use {
    uint64_t begin, end;
    int stream;
    uint64_t tick;
    bool write;
    std::string operation;
};

struct Allocation {
    uint64_t serial;
    DevicePointer address;
    size_t bytes;
    /** The mapped pages around it: the bytes before and after the allocation are its guard zones. */
    char* pages;
    size_t pageBytes;
    int device;
    std::string site;
    bool guardBroken = false;
    std::vector<Use> uses;
    /** Parts that the owner gave away one by one (keiseiSoftcudaRegion): address to bytes. */
    std::map<DevicePointer, size_t> regions;
};

struct FreedAllocation {
    uint64_t serial;
    size_t bytes;
    std::string site;
};

struct HostAllocation {
    size_t bytes;
    bool registered;
    std::string site;
};

struct Context {
    int device;
    int references = 0;
    /** A failed kernel poisons the context, as on a GPU. */
    int failure = 0;
    size_t usedBytes = 0;
};

/** An operand of a recorded operation, with the allocation that it lay in when it was recorded. */
struct Binding {
    Operand operand;
    std::string name;
    uint64_t serial;
};

struct Event;

/** One operation of a stream or a graph. */
struct Node {
    enum Kind { WORK, RECORD, WAIT } kind = WORK;
    std::string name;
    std::vector<Binding> bindings;
    Work work;
    /** Which of the captured streams it is in: 0 is the one that the capture began with. */
    int lane = 0;
    std::shared_ptr<Event> event;
};

struct Graph {
    std::vector<Node> nodes;
    int lanes = 1;
};

struct Stream;

struct Capture {
    std::unique_ptr<Graph> graph = std::make_unique<Graph>();
    Stream* origin = nullptr;
    /** A call that capturing forbids was made: the capture fails when it ends. */
    bool invalidated = false;
    /** CU_STREAM_CAPTURE_MODE_GLOBAL 0, THREAD_LOCAL 1, RELAXED 2. */
    int mode = 0;
    std::thread::id thread;
    /** Streams in it by lane. Forked lanes must be joined to the origin before the capture ends. */
    std::vector<Stream*> streams;
    std::vector<bool> joined;
};

struct Stream {
    int number = 0;
    Context* context = nullptr;
    bool blocking = true;
    Clock clock;
    std::shared_ptr<Capture> capture;
    int lane = 0;
};

struct Event {
    bool recorded = false;
    bool timing = true;
    double milliseconds = 0;
    Clock clock;
    /** Set by a record while capturing: a stream that waits for it joins that capture. */
    std::weak_ptr<Capture> capture;
    int captureLane = 0;
};

struct Module {
    void* library;
    /** Thread-local storage of the library: the static shared memory of its kernels. */
    size_t sharedModule = 0;
    size_t sharedBytes = 0;
    bool loaded = true;
};

struct Function {
    Module* module;
    const KernelDescriptor* kernel;
    unsigned maximumDynamicSharedBytes = 48 << 10;
};

/** Everything, guarded by {@code lock}. */
struct State {
    std::recursive_mutex lock;
    bool initialized = false;
    std::vector<std::unique_ptr<Context>> devices;
    size_t memoryBytes = 0;
    bool lazy = false;
    /** Faults are not printed. */
    bool quiet = false;
    std::map<DevicePointer, Allocation> allocations;
    std::map<uint64_t, HostAllocation> hostAllocations;
    uint64_t allocationCount = 0;
    /** What was freed, for messages: addresses are never given out again. */
    std::map<DevicePointer, FreedAllocation> freed;
    /** Live handles of all libraries and their kinds. */
    std::map<const void*, std::string> handles;
    std::map<const void*, std::shared_ptr<Event>> events;
    std::vector<std::shared_ptr<Capture>> captures;
    std::vector<std::unique_ptr<Stream>> nullStreams;
    std::set<Stream*> streams;
    int streamCount = 0;
    /** What the host knows to be done. */
    Clock hostClock;
    /** Operations that were enqueued and have not run (SWCUDA_LAZY). */
    std::deque<std::function<void()>> waiting;
    std::vector<std::string> faults;
    /** What contexts left behind when they ended. */
    std::vector<std::string> leaks;
};

State& state();

/** The calling thread's current context, or null. */
Context*& currentContext();

#define LOCK std::lock_guard<std::recursive_mutex> stateGuard(softcuda::state().lock)

/** For functions that need a healthy current context. */
#define NEED_CONTEXT                                      \
    TRACE_CALL;                                           \
    LOCK;                                                 \
    if (int problem = softcuda::contextProblem()) return problem

int contextProblem();

const char* statusName(int status);

/** The extent of what begins here: to the end of its region, or of its allocation where none was announced. */
size_t extent(const Allocation& allocation, const void* address);

// memory.cpp
bool isDeviceAddress(const void* address);
/** The live allocation that holds this address, or ends there; or null. */
Allocation* findAllocation(const void* address);
/** What is wrong with this range of device memory, or nothing. */
std::string rangeProblem(const void* address, size_t bytes, int device);
/** What is wrong with this range of host memory, or nothing. */
std::string hostRangeProblem(const void* address, size_t bytes);
bool isPinned(const void* address);
/** Reports guard zones that an operation has changed; gives false then. */
bool verifyGuards(const std::string& operation);
/** Frees everything on this device; describes it. */
std::vector<std::string> freeAll(int device);
std::vector<std::string> describeLive();

// order.cpp
/** Checks that everything this operation depends on is ordered before it, and notes what it uses. */
bool useInOrder(Clock& clock, int number, const Node& node);
void join(Clock& clock, const Clock& other);

// streams.cpp
Stream* findStream(void* handle, int* problem);
/** Runs or records one operation. */
int submit(Stream& stream, Node node);
/** Runs it in the order that the clock and number stand for. */
int execute(Stream& stream, Clock& clock, int number, Node& node);
/** Runs what was enqueued and has not run. */
void flush();
/** Finds the allocations of operands. Gives an error, and reports it, when one is not valid. */
int bindOperands(const std::string& name, const std::vector<Operand>& operands, int device, std::vector<Binding>& bindings);
double nowMilliseconds();
/** For calls that are not allowed while a stream is captured: CAPTURE_UNSUPPORTED, and the capture is lost. */
int refuseWhileCapturing();

// graphs.cpp
int launchGraph(const Graph& graph, Stream& stream);

// guard.cpp
/** Runs a kernel; gives CUDA's error and the reason when it touches what it may not, or gives up. */
int runGuarded(const std::function<void()>& run, std::string& reason);
extern const HostServices hostServices;

}  // namespace softcuda
