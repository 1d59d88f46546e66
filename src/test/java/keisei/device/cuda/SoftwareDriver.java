package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A small driver binding of the software device's own tests: a context on device 0, its memory, and the kernels of
 * {@code native/softcuda/selftest}. Closing releases the context, which frees all that is left in it.
 */
final class SoftwareDriver implements AutoCloseable {
    static final int SUCCESS = 0;
    static final int INVALID_VALUE = 1;
    static final int OUT_OF_MEMORY = 2;
    static final int INVALID_HANDLE = 400;
    static final int ILLEGAL_ADDRESS = 700;
    static final int LAUNCH_FAILED = 719;
    static final int NOT_SUPPORTED = 801;
    static final int CAPTURE_UNSUPPORTED = 900;
    static final int CAPTURE_INVALIDATED = 901;

    /** CU_STREAM_NON_BLOCKING. */
    private static final int NON_BLOCKING = 1;

    final NativeFunctions driver = SoftwareCuda.driver();
    final Arena arena = Arena.ofConfined();
    private final Path module;
    private final Map<String, MemorySegment> kernels = new HashMap<>();
    private MemorySegment loaded = MemorySegment.NULL;
    private final List<Long> allocations = new ArrayList<>();
    private final List<MemorySegment> streams = new ArrayList<>();
    private final List<MemorySegment> events = new ArrayList<>();

    /** With the kernels of this module, without its ending: {@code faults} or {@code faults.checked}. */
    SoftwareDriver(String module) {
        this.module = SoftwareCuda.folder().resolve(module + ".so");
        SoftwareCuda.reset();
        SoftwareCuda.quiet(true);
        check("cuInit", 0);
        MemorySegment context = arena.allocate(ValueLayout.ADDRESS);
        check("cuDevicePrimaryCtxRetain", context, 0);
        check("cuCtxSetCurrent", pointer(context));
    }

    int call(String function, Object... arguments) {
        return driver.call(function, arguments);
    }

    void check(String function, Object... arguments) {
        assertThat(call(function, arguments)).as(function).isEqualTo(SUCCESS);
    }

    /** Calls a function whose first parameter gives a handle. */
    MemorySegment create(String function, Object... arguments) {
        MemorySegment handle = arena.allocate(ValueLayout.ADDRESS);
        Object[] all = new Object[arguments.length + 1];
        all[0] = handle;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        check(function, all);
        return pointer(handle);
    }

    MemorySegment stream() {
        streams.add(create("cuStreamCreate", NON_BLOCKING));
        return streams.getLast();
    }

    MemorySegment event() {
        events.add(create("cuEventCreate", 0));
        return events.getLast();
    }

    long allocate(long bytes) {
        MemorySegment address = arena.allocate(ValueLayout.JAVA_LONG);
        check("cuMemAlloc_v2", address, bytes);
        allocations.add(address.get(ValueLayout.JAVA_LONG, 0));
        return allocations.getLast();
    }

    void free(long address) {
        check("cuMemFree_v2", address);
        allocations.remove(address);
    }

    long upload(float... values) {
        long address = allocate(4L * values.length);
        check("cuMemcpyHtoD_v2", address, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values), 4L * values.length);
        return address;
    }

    long upload(int... values) {
        long address = allocate(4L * values.length);
        check("cuMemcpyHtoD_v2", address, arena.allocateFrom(ValueLayout.JAVA_INT, values), 4L * values.length);
        return address;
    }

    float[] download(long address, int length) {
        MemorySegment host = arena.allocate(ValueLayout.JAVA_FLOAT, length);
        check("cuMemcpyDtoH_v2", host, address, 4L * length);
        return host.toArray(ValueLayout.JAVA_FLOAT);
    }

    int[] downloadIntegers(long address, int length) {
        MemorySegment host = arena.allocate(ValueLayout.JAVA_INT, length);
        check("cuMemcpyDtoH_v2", host, address, 4L * length);
        return host.toArray(ValueLayout.JAVA_INT);
    }

    MemorySegment kernel(String name) {
        return kernels.computeIfAbsent(name, _ -> create("cuModuleGetFunction", module(), arena.allocateFrom(name)));
    }

    /** The module, loaded from its bytes as cubins are. */
    MemorySegment module() {
        if (loaded.address() == 0) {
            try {
                byte[] image = Files.readAllBytes(module);
                loaded = create("cuModuleLoadData", arena.allocateFrom(ValueLayout.JAVA_BYTE, image));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return loaded;
    }

    void unload() {
        check("cuModuleUnload", loaded);
        loaded = MemorySegment.NULL;
        kernels.clear();
    }

    /** Launches one kernel; gives CUDA's status. */
    int launch(MemorySegment stream, String kernel, int grid, int block, int sharedBytes, Object... arguments) {
        MemorySegment addresses = arena.allocate(ValueLayout.ADDRESS, Math.max(1, arguments.length));
        for (int i = 0; i < arguments.length; i++) {
            MemorySegment value = arena.allocate(8, 8);
            switch (arguments[i]) {
                case Byte v -> value.set(ValueLayout.JAVA_BYTE, 0, v);
                case Short v -> value.set(ValueLayout.JAVA_SHORT, 0, v);
                case Integer v -> value.set(ValueLayout.JAVA_INT, 0, v);
                case Long v -> value.set(ValueLayout.JAVA_LONG, 0, v);
                case Float v -> value.set(ValueLayout.JAVA_FLOAT, 0, v);
                case Double v -> value.set(ValueLayout.JAVA_DOUBLE, 0, v);
                default -> throw new IllegalArgumentException("no parameter type for " + arguments[i].getClass());
            }
            addresses.setAtIndex(ValueLayout.ADDRESS, i, value);
        }
        return call(
                "cuLaunchKernel",
                kernel(kernel),
                grid,
                1,
                1,
                block,
                1,
                1,
                sharedBytes,
                stream,
                addresses,
                MemorySegment.NULL);
    }

    /** On the null stream. */
    int launch(String kernel, int grid, int block, int sharedBytes, Object... arguments) {
        return launch(MemorySegment.NULL, kernel, grid, block, sharedBytes, arguments);
    }

    /** The one fault since the last reset must contain all these texts; then all is forgotten. */
    void expectFault(String... parts) {
        assertThat(SoftwareCuda.faults()).hasSizeGreaterThanOrEqualTo(1);
        assertThat(SoftwareCuda.faults().getFirst()).contains(parts);
        SoftwareCuda.reset();
    }

    void expectNoFault() {
        assertThat(SoftwareCuda.faults()).isEmpty();
    }

    private static MemorySegment pointer(MemorySegment holder) {
        return holder.get(ValueLayout.ADDRESS, 0);
    }

    @Override
    public void close() {
        SoftwareCuda.reset();
        // Only what this object made: other devices of the process keep theirs.
        for (long address : allocations) {
            call("cuMemFree_v2", address);
        }
        streams.forEach(stream -> call("cuStreamDestroy_v2", stream));
        events.forEach(event -> call("cuEventDestroy_v2", event));
        if (loaded.address() != 0) {
            call("cuModuleUnload", loaded);
        }
        check("cuDevicePrimaryCtxRelease_v2", 0);
        check("cuCtxSetCurrent", MemorySegment.NULL);
        SoftwareCuda.reset();
        SoftwareCuda.quiet(false);
        arena.close();
    }
}
