package keisei.device.cuda;

import keisei.device.DeviceMemoryException;
import keisei.device.RecordedWork;
import org.jspecify.annotations.Nullable;

/**
 * Work that is run once as it is (workspaces, choice of algorithms, loading of kernels), recorded by the second run,
 * and replayed from then on. Inside of another recording it becomes a part of that one.
 */
final class CudaRecording implements RecordedWork {
    private final String name;
    private final CudaRuntime runtime;
    private final Runnable work;
    private @Nullable CudaGraph graph;
    private boolean ran;
    private boolean closed;

    CudaRecording(String name, CudaRuntime runtime, Runnable work) {
        this.name = name;
        this.runtime = runtime;
        this.work = work;
    }

    @Override
    public void run() {
        if (closed) {
            throw new DeviceMemoryException("recorded work '%s' was used after it was closed".formatted(name));
        }
        CudaGraph recorded = graph;
        CudaStream stream = runtime.stream();
        boolean heard = stream.listener() != null;
        if (recorded != null && !stream.isCapturing() && !heard) {
            recorded.launch(stream);
        } else if (!ran || stream.isCapturing() || heard) {
            work.run();
            ran = true;
        } else {
            CudaGraph fresh = runtime.memory().booked(() -> CudaGraph.record(name, stream, work));
            graph = fresh;
            runtime.memory().recordings().opened();
            fresh.launch(stream);
        }
    }

    @Override
    public void close() {
        if (closed) {
            throw new DeviceMemoryException("recorded work '%s' was closed twice".formatted(name));
        }
        closed = true;
        if (graph != null) {
            runtime.context().makeCurrent();
            graph.close();
            runtime.memory().recordings().closed();
        }
    }
}
