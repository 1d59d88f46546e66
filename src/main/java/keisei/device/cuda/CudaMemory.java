package keisei.device.cuda;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import jcuda.driver.JCudaDriver;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceMemoryException;
import keisei.device.MemoryAccount;

/**
 * Hands out memory of one GPU and knows who holds what. The owner {@value #LIBRARIES} holds what the driver and
 * NVIDIA's libraries took for themselves: handles, loaded kernels, graphs.
 */
final class CudaMemory {
    /** Owner of memory that was not asked for by a buffer. */
    static final String LIBRARIES = "context and libraries";

    private static final double MIB_BYTES = 1L << 20;

    private final Device device;
    private final CudaContext context;
    private final CudaStream stream;
    private final Function<String, String> advice;
    private final MemoryAccount account = new MemoryAccount();
    private final Set<CudaBuffer> open = Collections.newSetFromMap(new IdentityHashMap<>());
    private final CudaRecordings recordings = new CudaRecordings();
    private long libraryBytes;
    private boolean closed;

    CudaMemory(Device device, CudaContext context, CudaStream stream, Function<String, String> advice) {
        this.device = device;
        this.context = context;
        this.stream = stream;
        this.advice = advice;
    }

    Device device() {
        return device;
    }

    MemoryAccount account() {
        return account;
    }

    /** What may still use memory of the past. */
    CudaRecordings recordings() {
        return recordings;
    }

    /** Allocates zeroed memory. @throws DeviceMemoryException when there is not enough */
    CudaBuffer allocate(DType dtype, int length, String owner) {
        if (closed) {
            throw new DeviceMemoryException(
                    "device '%s' is closed; '%s' asked it for memory".formatted(device.name(), owner));
        }
        if (length < 0) {
            throw new IllegalArgumentException(
                    "memory for '%s': length is %d and must not be negative".formatted(owner, length));
        }
        if (stream.isCapturing()) {
            throw new DeviceMemoryException(
                    "'%s' asked for memory while work was being recorded, which must have it before".formatted(owner));
        }
        context.makeCurrent();
        long bytes = (long) length * dtype.bytes();
        NativePointer.DevicePointer pointer = NativePointer.device(0);
        // CUDA refuses to allocate nothing, and an address is wanted all the same.
        int result = JCudaDriver.cuMemAlloc(pointer, Math.max(bytes, 1));
        if (result == Driver.OUT_OF_MEMORY) {
            throw outOfMemory(owner, bytes);
        }
        if (result != 0) {
            throw Driver.failure(result, "cuMemAlloc", "%d bytes for '%s'".formatted(bytes, owner));
        }
        CudaBuffer buffer = new CudaBuffer(this, dtype, length, owner, pointer.address());
        open.add(buffer);
        account.allocated(owner, bytes);
        stream.fillBytes(buffer.address(), (byte) 0, bytes);
        return buffer;
    }

    private DeviceMemoryException outOfMemory(String owner, long bytes) {
        CudaContext.MemoryInfo info = context.memory();
        List<String> holders = new ArrayList<>();
        account.bytesByOwner().entrySet().stream()
                .sorted((a, b) -> Long.compare(b.getValue(), a.getValue()))
                .forEach(entry -> holders.add("'%s' %s".formatted(entry.getKey(), mib(entry.getValue()))));
        String option = advice.apply(owner);
        return new DeviceMemoryException("no memory on %s for '%s': %s asked for, %s of %s free; held here: %s%s"
                .formatted(
                        device.name(),
                        owner,
                        mib(bytes),
                        mib(info.freeBytes()),
                        mib(info.totalBytes()),
                        holders.isEmpty() ? "nothing" : String.join(", ", holders),
                        option.isEmpty() ? "" : "; " + option));
    }

    private static String mib(long bytes) {
        return String.format(Locale.ROOT, "%.1f MiB", bytes / MIB_BYTES);
    }

    /** Frees a buffer after all work that may use it. */
    void release(CudaBuffer buffer) {
        if (stream.isCapturing()) {
            throw new DeviceMemoryException("'%s' was closed while work was being recorded".formatted(buffer.owner()));
        }
        context.makeCurrent();
        int result = JCudaDriver.cuMemFree(NativePointer.device(buffer.address()));
        if (result != 0) {
            throw Driver.failure(result, "cuMemFree", "'%s'".formatted(buffer.owner()));
        }
        open.remove(buffer);
        account.released(buffer.owner(), buffer.sizeBytes());
    }

    /** Does work that makes the driver or a library take memory of its own, and books what it took. */
    <T> T booked(Supplier<T> work) {
        long free = context.memory().freeBytes();
        long own = account.totalBytes() - libraryBytes;
        T result = work.get();
        long ownGrowth = account.totalBytes() - libraryBytes - own;
        book(free - context.memory().freeBytes() - ownGrowth);
        return result;
    }

    /** Books memory that the libraries took, or gave back when negative. */
    private void book(long bytes) {
        long change = Math.max(bytes, -libraryBytes);
        libraryBytes += change;
        if (change > 0) {
            account.allocated(LIBRARIES, change);
        } else if (change < 0) {
            account.released(LIBRARIES, -change);
        }
    }

    /** Ends the memory. @throws DeviceMemoryException when buffers are open */
    void close() {
        closed = true;
        if (!open.isEmpty()) {
            List<String> leaks = new ArrayList<>();
            for (CudaBuffer buffer : open) {
                leaks.add("'%s' (%d %s, %d bytes)"
                        .formatted(buffer.owner(), buffer.length(), buffer.dtype(), buffer.sizeBytes()));
            }
            Collections.sort(leaks);
            List.copyOf(open).forEach(CudaBuffer::close);
            throw new DeviceMemoryException("device '%s' was closed with %d open buffers: %s"
                    .formatted(device.name(), leaks.size(), String.join(", ", leaks)));
        }
    }
}
