package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The software device finds work that is in no order, and graphs that do not fit what they were captured from. */
class SoftwareOrderTest {
    private static final int THREAD_LOCAL = 1;

    private SoftwareDriver cuda;
    private MemorySegment first;
    private MemorySegment second;

    @BeforeEach
    void open() {
        cuda = new SoftwareDriver("faults");
        first = cuda.stream();
        second = cuda.stream();
    }

    @AfterEach
    void close() {
        SoftwareCuda.lazy(false);
        cuda.close();
    }

    private void axpy(MemorySegment stream, long x, long y, int expected) {
        assertThat(cuda.launch(stream, "axpy", 1, 32, 0, 4, 1f, x, y)).isEqualTo(expected);
    }

    @Test
    void readOfAnotherStreamsWrite() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        long z = cuda.upload(0f, 0f, 0f, 0f);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        axpy(second, y, z, SoftwareDriver.LAUNCH_FAILED);
        cuda.expectFault("order: axpy on stream", "reads parameter 2", "axpy on stream", "wrote");
    }

    @Test
    void writeOfWhatAnotherStreamReads() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        assertThat(cuda.call("cuMemsetD8Async", x, 0, 4L, second)).isEqualTo(SoftwareDriver.LAUNCH_FAILED);
        cuda.expectFault("order: cuMemsetD8Async", "writes", "read, and nothing orders the two");
    }

    @Test
    void bothMayRead() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        axpy(first, x, cuda.upload(0f, 0f, 0f, 0f), SoftwareDriver.SUCCESS);
        axpy(second, x, cuda.upload(0f, 0f, 0f, 0f), SoftwareDriver.SUCCESS);
        cuda.expectNoFault();
    }

    @Test
    void eventsOrder() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        MemorySegment event = cuda.event();
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        cuda.check("cuEventRecord", event, first);
        cuda.check("cuStreamWaitEvent", second, event, 0);
        axpy(second, y, x, SoftwareDriver.SUCCESS);
        cuda.expectNoFault();
        // What comes after the record is not covered by it.
        axpy(first, cuda.upload(1f, 1f, 1f, 1f), y, SoftwareDriver.LAUNCH_FAILED);
    }

    @Test
    void waitsOfTheHostOrder() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        cuda.check("cuStreamSynchronize", first);
        axpy(second, y, x, SoftwareDriver.SUCCESS);
        MemorySegment event = cuda.event();
        cuda.check("cuEventRecord", event, second);
        cuda.check("cuEventSynchronize", event);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        cuda.check("cuCtxSynchronize");
        axpy(second, y, x, SoftwareDriver.SUCCESS);
        cuda.expectNoFault();
    }

    @Test
    void partsOfAnAllocationDoNotMeet() {
        long address = cuda.allocate(1024);
        cuda.check("cuMemsetD8Async", address, 0, 512L, first);
        cuda.check("cuMemsetD8Async", address + 512, 0, 512L, second);
        cuda.expectNoFault();
        assertThat(cuda.call("cuMemsetD8Async", address + 511, 0, 1L, second)).isEqualTo(SoftwareDriver.LAUNCH_FAILED);
        cuda.expectFault("order: cuMemsetD8Async");
    }

    private MemorySegment instantiate(MemorySegment graph) {
        return cuda.create("cuGraphInstantiateWithFlags", graph, 0L);
    }

    private MemorySegment endCapture(MemorySegment stream) {
        MemorySegment graph = cuda.arena.allocate(ValueLayout.ADDRESS);
        cuda.check("cuStreamEndCapture", stream, graph);
        return graph.get(ValueLayout.ADDRESS, 0);
    }

    @Test
    void graphsRepeat() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        cuda.check("cuStreamBeginCapture_v2", first, THREAD_LOCAL);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        MemorySegment graph = endCapture(first);
        assertThat(cuda.download(y, 4)).as("nothing runs while it is captured").containsOnly(0f);
        MemorySegment executable = instantiate(graph);
        cuda.check("cuGraphDestroy", graph);
        for (int i = 0; i < 3; i++) {
            cuda.check("cuGraphLaunch", executable, first);
        }
        cuda.check("cuStreamSynchronize", first);
        assertThat(cuda.download(y, 4)).containsExactly(6f, 12f, 18f, 24f);
        cuda.check("cuGraphExecDestroy", executable);
        cuda.expectNoFault();
    }

    @Test
    void forkedCapture() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        MemorySegment fork = cuda.event();
        MemorySegment join = cuda.event();
        cuda.check("cuStreamBeginCapture_v2", first, THREAD_LOCAL);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        cuda.check("cuEventRecord", fork, first);
        cuda.check("cuStreamWaitEvent", second, fork, 0);
        axpy(second, y, x, SoftwareDriver.SUCCESS);
        cuda.check("cuEventRecord", join, second);
        cuda.check("cuStreamWaitEvent", first, join, 0);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        MemorySegment graph = endCapture(first);
        MemorySegment executable = instantiate(graph);
        cuda.check("cuGraphLaunch", executable, first);
        cuda.check("cuStreamSynchronize", first);
        cuda.expectNoFault();
        assertThat(cuda.download(y, 4)).containsExactly(3f, 6f, 9f, 12f);
        cuda.check("cuGraphExecDestroy", executable);
        cuda.check("cuGraphDestroy", graph);
    }

    @Test
    void forkedCaptureWithoutJoin() {
        MemorySegment fork = cuda.event();
        long x = cuda.upload(1f, 2f, 3f, 4f);
        cuda.check("cuStreamBeginCapture_v2", first, THREAD_LOCAL);
        cuda.check("cuEventRecord", fork, first);
        cuda.check("cuStreamWaitEvent", second, fork, 0);
        cuda.check("cuMemsetD8Async", x, 0, 4L, second);
        MemorySegment graph = cuda.arena.allocate(ValueLayout.ADDRESS);
        assertThat(cuda.call("cuStreamEndCapture", first, graph)).isEqualTo(904);
        cuda.expectFault("not joined");
    }

    @Test
    void orderWithinAForkedGraph() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        MemorySegment fork = cuda.event();
        MemorySegment join = cuda.event();
        cuda.check("cuStreamBeginCapture_v2", first, THREAD_LOCAL);
        cuda.check("cuEventRecord", fork, first);
        cuda.check("cuStreamWaitEvent", second, fork, 0);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        axpy(second, y, x, SoftwareDriver.SUCCESS);
        cuda.check("cuEventRecord", join, second);
        cuda.check("cuStreamWaitEvent", first, join, 0);
        MemorySegment graph = endCapture(first);
        MemorySegment executable = instantiate(graph);
        assertThat(cuda.call("cuGraphLaunch", executable, first)).isEqualTo(SoftwareDriver.LAUNCH_FAILED);
        cuda.expectFault("order: axpy");
        cuda.check("cuGraphExecDestroy", executable);
        cuda.check("cuGraphDestroy", graph);
    }

    @Test
    void graphOfFreedMemory() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        cuda.check("cuStreamBeginCapture_v2", first, THREAD_LOCAL);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        MemorySegment graph = endCapture(first);
        MemorySegment executable = instantiate(graph);
        cuda.free(x);
        assertThat(cuda.call("cuGraphLaunch", executable, first)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("cuGraphLaunch: operation 0 (axpy) uses parameter 2", "has been freed since it was captured");
        cuda.check("cuGraphExecDestroy", executable);
        cuda.check("cuGraphDestroy", graph);
    }

    @ParameterizedTest
    @ValueSource(strings = {"cuCtxSynchronize", "cuMemAlloc_v2", "cuStreamSynchronize", "cuMemcpyDtoH_v2"})
    void callsThatEndACapture(String function) {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        MemorySegment host = cuda.arena.allocate(16);
        cuda.check("cuStreamBeginCapture_v2", first, THREAD_LOCAL);
        int status = switch (function) {
            case "cuMemAlloc_v2" -> cuda.call(function, host, 16L);
            case "cuStreamSynchronize" -> cuda.call(function, second);
            case "cuMemcpyDtoH_v2" -> cuda.call(function, host, x, 16L);
            default -> cuda.call(function);
        };
        assertThat(status).isEqualTo(SoftwareDriver.CAPTURE_UNSUPPORTED);
        MemorySegment graph = cuda.arena.allocate(ValueLayout.ADDRESS);
        assertThat(cuda.call("cuStreamEndCapture", first, graph)).isEqualTo(SoftwareDriver.CAPTURE_INVALIDATED);
        cuda.expectFault("while a stream was being captured");
    }

    @Test
    void unloadedModuleOfAGraph() {
        long x = cuda.upload(1f, 2f, 3f, 4f);
        long y = cuda.upload(0f, 0f, 0f, 0f);
        cuda.check("cuStreamBeginCapture_v2", first, THREAD_LOCAL);
        axpy(first, x, y, SoftwareDriver.SUCCESS);
        MemorySegment graph = endCapture(first);
        MemorySegment executable = instantiate(graph);
        cuda.unload();
        assertThat(cuda.call("cuGraphLaunch", executable, first)).isEqualTo(SoftwareDriver.INVALID_HANDLE);
        cuda.expectFault("axpy: its module was unloaded");
        cuda.check("cuGraphExecDestroy", executable);
        cuda.check("cuGraphDestroy", graph);
    }

    @Test
    void lazyStreamsShowWhatTheHostMayNotRead() {
        SoftwareCuda.lazy(true);
        MemorySegment pinned = cuda.create("cuMemHostAlloc", 16L, 0);
        long x = cuda.upload(1f, 2f, 3f, 4f);
        cuda.check("cuMemcpyDtoHAsync_v2", pinned, x, 16L, first);
        MemorySegment values = pinned.reinterpret(16);
        assertThat(values.get(ValueLayout.JAVA_FLOAT, 0)).as("before the wait").isNaN();
        cuda.check("cuStreamSynchronize", first);
        assertThat(values.toArray(ValueLayout.JAVA_FLOAT)).containsExactly(1f, 2f, 3f, 4f);
        assertThat(cuda.launch(first, "trap", 1, 1, 0))
                .as("errors come later, too")
                .isZero();
        assertThat(cuda.call("cuStreamSynchronize", first)).isEqualTo(SoftwareDriver.LAUNCH_FAILED);
        cuda.expectFault("kernel trap");
        cuda.check("cuMemFreeHost", pinned);
    }
}
