package keisei.device.cpu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceMemoryException;
import keisei.device.MemoryAccount;

/** Hands out buffers of one device and knows which are open. */
final class CpuMemory {
    private final Device device;
    private final MemoryAccount account = new MemoryAccount();
    private final Set<CpuBuffer> open = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean closed;

    CpuMemory(Device device) {
        this.device = device;
    }

    Device device() {
        return device;
    }

    MemoryAccount account() {
        return account;
    }

    CpuBuffer allocate(DType dtype, int length, String owner) {
        if (closed) {
            throw new DeviceMemoryException(
                    "device '%s' is closed; '%s' asked it for memory".formatted(device.name(), owner));
        }
        if (length < 0) {
            throw new IllegalArgumentException(
                    "memory for '%s': length is %d and must not be negative".formatted(owner, length));
        }
        CpuBuffer buffer;
        try {
            buffer = new CpuBuffer(this, dtype, length, owner);
        } catch (OutOfMemoryError e) {
            DeviceMemoryException failure = new DeviceMemoryException(
                    "no memory for '%s': %d bytes asked for, %d bytes held by %s, at most %d bytes of Java heap (-Xmx)"
                            .formatted(
                                    owner,
                                    (long) length * dtype.bytes(),
                                    account.totalBytes(),
                                    account.bytesByOwner(),
                                    Runtime.getRuntime().maxMemory()));
            failure.initCause(e);
            throw failure;
        }
        open.add(buffer);
        account.allocated(owner, buffer.sizeBytes());
        return buffer;
    }

    void released(CpuBuffer buffer) {
        open.remove(buffer);
        account.released(buffer.owner(), buffer.sizeBytes());
    }

    /** Ends the memory. @throws DeviceMemoryException when buffers are open */
    void close() {
        closed = true;
        if (!open.isEmpty()) {
            List<String> leaks = new ArrayList<>();
            for (CpuBuffer buffer : open) {
                leaks.add("'%s' (%d %s, %d bytes)"
                        .formatted(buffer.owner(), buffer.length(), buffer.dtype(), buffer.sizeBytes()));
            }
            Collections.sort(leaks);
            throw new DeviceMemoryException("device '%s' was closed with %d open buffers: %s"
                    .formatted(device.name(), leaks.size(), String.join(", ", leaks)));
        }
    }
}
