// Streams and events.
#include <chrono>

#include "state.h"

using namespace softcuda;

namespace softcuda {

double nowMilliseconds() {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Stream* findStream(void* handle, int* problem) {
    *problem = SUCCESS;
    if ((uintptr_t)handle <= 1) {
        if (!currentContext()) {
            *problem = INVALID_CONTEXT;
            return nullptr;
        }
        return state().nullStreams[currentContext()->device].get();
    }
    if ((uintptr_t)handle != 2 && state().streams.count((Stream*)handle)) return (Stream*)handle;
    fault((uintptr_t)handle == 2 ? "the software device has no per-thread default stream" : hexadecimal(handle) + " is not a live stream");
    *problem = INVALID_HANDLE;
    return nullptr;
}

int refuseWhileCapturing() {
    for (auto& capture : state().captures) {
        if (capture->mode == 2 || (capture->mode == 1 && capture->thread != std::this_thread::get_id())) continue;
        capture->invalidated = true;
        fault("a call that waits, allocates or frees was made while a stream was being captured");
        return CAPTURE_UNSUPPORTED;
    }
    return SUCCESS;
}

int bindOperands(const std::string& name, const std::vector<Operand>& operands, int device, std::vector<Binding>& bindings) {
    for (const Operand& operand : operands) {
        if (!operand.bytes) continue;
        bool host = isPinned(operand.address);
        std::string problem = host ? hostRangeProblem(operand.address, operand.bytes) : rangeProblem(operand.address, operand.bytes, device);
        if (!problem.empty()) {
            fault(name + ": " + operand.name + ": " + problem);
            return ILLEGAL_ADDRESS;
        }
        if (!host) bindings.push_back({operand, operand.name, findAllocation(operand.address)->serial});
    }
    return SUCCESS;
}

void flush() {
    auto& waiting = state().waiting;
    while (!waiting.empty()) {
        auto operation = std::move(waiting.front());
        waiting.pop_front();
        operation();
    }
}

int execute(Stream& stream, Clock& clock, int number, Node& node) {
    if (!useInOrder(clock, number, node)) return stream.context->failure = LAUNCH_FAILED;
    Context* context = stream.context;
    auto run = [context](const Work& work) {
        // On a GPU, too, nothing runs after a failure.
        if (context->failure) return;
        if (int status = work()) context->failure = status;
    };
    if (state().lazy) {
        state().waiting.push_back([run, work = node.work] { run(work); });
        return SUCCESS;
    }
    run(node.work);
    return context->failure;
}

int submit(Stream& stream, Node node) {
    if (stream.capture) {
        node.lane = stream.lane;
        // What a forked stream does after its last join must be joined again.
        stream.capture->joined[stream.lane] = stream.lane == 0;
        stream.capture->graph->nodes.push_back(std::move(node));
        return SUCCESS;
    }
    if (!stream.blocking) return execute(stream, stream.clock, stream.number, node);
    // The null stream waits for all blocking streams, and they for it.
    bool null = state().nullStreams[stream.context->device].get() == &stream;
    if (!null) join(stream.clock, state().nullStreams[stream.context->device]->clock);
    if (null) {
        for (Stream* other : state().streams) {
            if (other->blocking && other->context == stream.context) join(stream.clock, other->clock);
        }
    }
    return execute(stream, stream.clock, stream.number, node);
}

int enqueue(void* handle, const std::string& name, const std::vector<Operand>& operands, Work work) {
    LOCK;
    if (int problem = contextProblem()) return problem;
    int problem;
    Stream* stream = findStream(handle, &problem);
    if (!stream) return problem;
    Node node;
    node.name = name;
    if ((problem = bindOperands(name, operands, stream->context->device, node.bindings))) return problem;
    node.work = std::move(work);
    return submit(*stream, std::move(node));
}

bool capturing(void* handle) {
    LOCK;
    int problem;
    Stream* stream = findStream(handle, &problem);
    return stream && stream->capture;
}

static std::shared_ptr<Event> findEvent(void* handle) {
    auto position = state().events.find(handle);
    if (position != state().events.end()) return position->second;
    fault(hexadecimal(handle) + " is not a live event");
    return nullptr;
}

static int waitFor(const Clock& clock) {
    if (int problem = refuseWhileCapturing()) return problem;
    flush();
    join(state().hostClock, clock);
    return verifyGuards("something before a wait of the host") ? currentContext()->failure : ILLEGAL_ADDRESS;
}

}  // namespace softcuda

#define NEED_STREAM(handle)                               \
    NEED_CONTEXT;                                         \
    int streamProblem;                                    \
    Stream* stream = findStream(handle, &streamProblem);  \
    if (!stream) return streamProblem

#define NEED_EVENT(handle)                                \
    NEED_CONTEXT;                                         \
    std::shared_ptr<Event> event = findEvent(handle);     \
    if (!event) return INVALID_HANDLE

SOFTCUDA_FUNCTION(int) cuStreamCreateWithPriority(void** handle, unsigned flags, int) {
    NEED_CONTEXT;
    if (!handle || flags > 1) return INVALID_VALUE;
    Stream* stream = new Stream;
    stream->number = state().streamCount++;
    stream->context = currentContext();
    stream->blocking = !flags;
    state().streams.insert(stream);
    remember(stream, "stream");
    *handle = stream;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuStreamCreate(void** handle, unsigned flags) { return cuStreamCreateWithPriority(handle, flags, 0); }

SOFTCUDA_FUNCTION(int) cuStreamDestroy_v2(void* handle) {
    NEED_STREAM(handle);
    if (stream->capture) {
        fault("cuStreamDestroy: the stream is being captured");
        return CAPTURE_UNSUPPORTED;
    }
    if (!forget(handle, "stream")) return INVALID_HANDLE;
    flush();
    // Its work goes on to be unordered against other streams: only the handle goes.
    state().streams.erase(stream);
    delete stream;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuStreamSynchronize(void* handle) {
    NEED_STREAM(handle);
    return waitFor(stream->clock);
}

SOFTCUDA_FUNCTION(int) cuStreamQuery(void* handle) {
    NEED_STREAM(handle);
    return waitFor(stream->clock);
}

SOFTCUDA_FUNCTION(int) cuCtxSynchronize() {
    NEED_CONTEXT;
    Clock clock;
    for (auto& stream : state().nullStreams) join(clock, stream->clock);
    for (Stream* stream : state().streams) join(clock, stream->clock);
    return waitFor(clock);
}

SOFTCUDA_FUNCTION(int) cuStreamGetPriority(void* handle, int* priority) {
    NEED_STREAM(handle);
    *priority = 0;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuStreamGetFlags(void* handle, unsigned* flags) {
    NEED_STREAM(handle);
    *flags = !stream->blocking;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuStreamWaitEvent(void* handle, void* eventHandle, unsigned) {
    NEED_STREAM(handle);
    std::shared_ptr<Event> event = findEvent(eventHandle);
    if (!event) return INVALID_HANDLE;
    if (!event->recorded) return SUCCESS;  // as CUDA: there is nothing to wait for
    std::shared_ptr<Capture> captured = event->capture.lock();
    if (!captured && !stream->capture) {
        join(stream->clock, event->clock);
        return SUCCESS;
    }
    if (!captured || (stream->capture && stream->capture != captured)) {
        fault("cuStreamWaitEvent: the event was recorded outside of the stream's capture");
        if (stream->capture) stream->capture->invalidated = true;
        return CAPTURE_ISOLATION;
    }
    if (!stream->capture) {
        stream->capture = captured;
        stream->lane = captured->graph->lanes++;
        captured->streams.push_back(stream);
        captured->joined.push_back(false);
    }
    if (stream->lane != event->captureLane) captured->joined[event->captureLane] = true;
    Node node;
    node.kind = Node::WAIT;
    node.name = "cuStreamWaitEvent";
    node.event = event;
    node.lane = stream->lane;
    captured->graph->nodes.push_back(std::move(node));
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuEventCreate(void** handle, unsigned flags) {
    NEED_CONTEXT;
    if (!handle || flags & ~7u) return INVALID_VALUE;
    auto event = std::make_shared<Event>();
    event->timing = !(flags & 2);
    *handle = event.get();
    remember(*handle, "event");
    state().events[*handle] = event;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuEventDestroy_v2(void* handle) {
    NEED_EVENT(handle);
    forget(handle, "event");
    state().events.erase(handle);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuEventRecord(void* handle, void* streamHandle) {
    NEED_EVENT(handle);
    int problem;
    Stream* stream = findStream(streamHandle, &problem);
    if (!stream) return problem;
    event->recorded = true;
    event->capture = stream->capture;
    event->captureLane = stream->lane;
    Node node;
    node.name = "cuEventRecord";
    node.event = event;
    if (stream->capture) {
        node.kind = Node::RECORD;
        node.lane = stream->lane;
        stream->capture->graph->nodes.push_back(std::move(node));
        return SUCCESS;
    }
    node.work = [event] {
        event->milliseconds = nowMilliseconds();
        return SUCCESS;
    };
    problem = submit(*stream, std::move(node));
    event->clock = stream->clock;
    return problem;
}

SOFTCUDA_FUNCTION(int) cuEventSynchronize(void* handle) {
    NEED_EVENT(handle);
    if (event->capture.lock()) return CAPTURE_UNSUPPORTED;
    return waitFor(event->clock);
}

SOFTCUDA_FUNCTION(int) cuEventQuery(void* handle) {
    NEED_EVENT(handle);
    if (event->capture.lock()) return CAPTURE_UNSUPPORTED;
    return waitFor(event->clock);
}

SOFTCUDA_FUNCTION(int) cuEventElapsedTime(float* milliseconds, void* begin, void* end) {
    NEED_CONTEXT;
    auto first = findEvent(begin), second = findEvent(end);
    if (!first || !second || !first->recorded || !second->recorded || !first->timing || !second->timing) return INVALID_HANDLE;
    flush();
    *milliseconds = (float)(second->milliseconds - first->milliseconds);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuLaunchHostFunc(void* handle, void (*function)(void*), void* argument) {
    NEED_STREAM(handle);
    Node node;
    node.name = "cuLaunchHostFunc";
    node.work = [=] {
        function(argument);
        return SUCCESS;
    };
    return submit(*stream, std::move(node));
}
