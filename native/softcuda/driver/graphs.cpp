// Stream capture and graphs.
#include "state.h"

using namespace softcuda;

namespace softcuda {

/** Allocations that a recorded operation uses must be the same, and live, when it runs. */
static bool stillThere(const Node& node, size_t index) {
    for (const Binding& binding : node.bindings) {
        Allocation* allocation = findAllocation(binding.operand.address);
        if (allocation && allocation->serial == binding.serial) continue;
        fault("cuGraphLaunch: operation " + std::to_string(index) + " (" + node.name + ") uses " + binding.name + " in allocation #" +
              std::to_string(binding.serial) + ", which has been freed since it was captured");
        return false;
    }
    return true;
}

int launchGraph(const Graph& graph, Stream& stream) {
    for (size_t i = 0; i < graph.nodes.size(); i++) {
        if (!stillThere(graph.nodes[i], i)) return stream.context->failure = ILLEGAL_ADDRESS;
    }
    // The launch comes after everything in its stream; forked lanes go their own ways from there.
    std::vector<Clock> clocks(graph.lanes, stream.clock);
    std::vector<int> numbers{stream.number};
    for (int lane = 1; lane < graph.lanes; lane++) numbers.push_back(state().streamCount++);
    std::map<Event*, Clock> records;
    for (Node node : graph.nodes) {
        Clock& clock = clocks[node.lane];
        if (node.kind == Node::WAIT) {
            join(clock, records[node.event.get()]);
        } else if (node.kind == Node::RECORD) {
            records[node.event.get()] = clock;
            node.event->clock = clock;
            node.event->milliseconds = nowMilliseconds();
        } else if (int problem = execute(stream, clock, numbers[node.lane], node)) {
            return problem;
        }
    }
    stream.clock = clocks[0];
    return SUCCESS;
}

}  // namespace softcuda

#define NEED_GRAPH(handle, kind)                          \
    NEED_CONTEXT;                                         \
    if (!alive(handle, kind)) return INVALID_HANDLE

SOFTCUDA_FUNCTION(int) cuStreamBeginCapture_v2(void* handle, int mode) {
    NEED_CONTEXT;
    int problem;
    Stream* stream = findStream(handle, &problem);
    if (!stream) return problem;
    if (mode < 0 || mode > 2) return INVALID_VALUE;
    if ((uintptr_t)handle <= 1) {
        fault("cuStreamBeginCapture: the null stream cannot be captured");
        return CAPTURE_UNSUPPORTED;
    }
    if (stream->capture) return INVALID_VALUE;
    auto capture = std::make_shared<Capture>();
    capture->origin = stream;
    capture->mode = mode;
    capture->thread = std::this_thread::get_id();
    capture->streams = {stream};
    capture->joined = {true};
    stream->capture = capture;
    stream->lane = 0;
    state().captures.push_back(capture);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuStreamEndCapture(void* handle, void** graph) {
    NEED_CONTEXT;
    int problem;
    Stream* stream = findStream(handle, &problem);
    if (!stream) return problem;
    if (graph) *graph = nullptr;
    std::shared_ptr<Capture> capture = stream->capture;
    if (!capture || !graph) return INVALID_VALUE;
    if (capture->origin != stream) return CAPTURE_UNMATCHED;
    for (Stream* captured : capture->streams) captured->capture = nullptr;
    std::erase(state().captures, capture);
    if (capture->invalidated) return CAPTURE_INVALIDATED;
    for (bool joined : capture->joined) {
        if (joined) continue;
        fault("cuStreamEndCapture: a stream that joined the capture was not joined to its origin");
        return CAPTURE_UNJOINED;
    }
    *graph = capture->graph.release();
    remember(*graph, "graph");
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuStreamIsCapturing(void* handle, int* status) {
    NEED_CONTEXT;
    int problem;
    Stream* stream = findStream(handle, &problem);
    if (!stream) return problem;
    *status = !stream->capture ? 0 : stream->capture->invalidated ? 2 : 1;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuThreadExchangeStreamCaptureMode(int* mode) {
    TRACE_CALL;
    static thread_local int current = 0;
    if (!mode || *mode < 0 || *mode > 2) return INVALID_VALUE;
    std::swap(current, *mode);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long flags) {
    NEED_GRAPH(graph, "graph");
    if (!executable || flags & ~15ull) return INVALID_VALUE;
    *executable = new Graph(*(Graph*)graph);
    remember(*executable, "executable graph");
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuGraphGetNodes(void* graph, void** nodes, size_t* count) {
    NEED_GRAPH(graph, "graph");
    if (nodes) {
        fault("cuGraphGetNodes: the software device counts nodes, but has no handles of them");
        return NOT_SUPPORTED;
    }
    *count = ((Graph*)graph)->nodes.size();
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuGraphUpload(void* executable, void* handle) {
    NEED_GRAPH(executable, "executable graph");
    int problem;
    findStream(handle, &problem);
    return problem;
}

SOFTCUDA_FUNCTION(int) cuGraphLaunch(void* executable, void* handle) {
    NEED_GRAPH(executable, "executable graph");
    int problem;
    Stream* stream = findStream(handle, &problem);
    if (!stream) return problem;
    const Graph& graph = *(Graph*)executable;
    if (!stream->capture) return launchGraph(graph, *stream);
    if (graph.lanes > 1) {
        fault("cuGraphLaunch: the software device cannot capture the launch of a graph with forked streams");
        return NOT_SUPPORTED;
    }
    for (const Node& node : graph.nodes) submit(*stream, node);
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuGraphDestroy(void* graph) {
    NEED_GRAPH(graph, "graph");
    forget(graph, "graph");
    delete (Graph*)graph;
    return SUCCESS;
}

SOFTCUDA_FUNCTION(int) cuGraphExecDestroy(void* executable) {
    NEED_GRAPH(executable, "executable graph");
    flush();
    forget(executable, "executable graph");
    delete (Graph*)executable;
    return SUCCESS;
}
