package keisei.device;

import java.util.Map;
import java.util.TreeMap;

/**
 * Bytes of device memory per owner. Devices call {@link #allocated} and {@link #released}; everyone may read.
 * Thread-safe.
 */
public final class MemoryAccount {
    private final Map<String, Long> currentBytes = new TreeMap<>();
    private long totalBytes;
    private long peakBytes;

    /** Books an allocation. */
    public synchronized void allocated(String owner, long bytes) {
        currentBytes.merge(owner, bytes, Long::sum);
        totalBytes += bytes;
        peakBytes = Math.max(peakBytes, totalBytes);
    }

    /** Books a release. */
    public synchronized void released(String owner, long bytes) {
        currentBytes.computeIfPresent(owner, (name, held) -> held == bytes ? null : held - bytes);
        totalBytes -= bytes;
    }

    /** Bytes held now, by owner, in the order of names. */
    public synchronized Map<String, Long> bytesByOwner() {
        return new TreeMap<>(currentBytes);
    }

    /** Bytes held now. */
    public synchronized long totalBytes() {
        return totalBytes;
    }

    /** The largest total so far. */
    public synchronized long peakBytes() {
        return peakBytes;
    }
}
