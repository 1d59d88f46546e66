package keisei.device.cuda;

import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.JCudaDriver;

/** Recorded work, ready to be launched as one. Its arguments and addresses are those of the recording. */
final class CudaGraph implements AutoCloseable {
    private final String name;
    private final CUgraphExec executable = new CUgraphExec();
    private boolean closed;

    private CudaGraph(String name, CUgraph graph) {
        this.name = name;
        try {
            int result = JCudaDriver.cuGraphInstantiate(executable, graph, 0);
            if (result != 0) {
                throw Driver.failure(result, "cuGraphInstantiate", name);
            }
        } finally {
            Driver.check(JCudaDriver.cuGraphDestroy(graph), "cuGraphDestroy");
        }
    }

    /** Records what {@code work} sends to the stream. None of it is run. */
    static CudaGraph record(String name, CudaStream stream, Runnable work) {
        stream.beginCapture();
        boolean recorded = false;
        try {
            work.run();
            recorded = true;
        } finally {
            if (!recorded) {
                stream.abandonCapture();
            }
        }
        return new CudaGraph(name, stream.endCapture());
    }

    /** Runs the recorded work. */
    void launch(CudaStream stream) {
        if (closed) {
            throw new CudaException("graph '%s' was used after it was closed".formatted(name));
        }
        int result = JCudaDriver.cuGraphLaunch(executable, stream.handle());
        if (result != 0) {
            throw Driver.failure(result, "cuGraphLaunch", name);
        }
    }

    @Override
    public void close() {
        if (closed) {
            throw new CudaException("graph '%s' was closed twice".formatted(name));
        }
        closed = true;
        Driver.check(JCudaDriver.cuGraphExecDestroy(executable), "cuGraphExecDestroy");
    }
}
