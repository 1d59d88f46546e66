package keisei.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Host memory that a result comes back to, made by {@link Device#newReadback}. Unlike {@link Device#read}, which waits
 * for everything before it, the copy is issued when the result is, and waited for when it is needed: work issued in
 * between goes on. One owner, who closes it. Not thread-safe.
 */
public interface Readback extends AutoCloseable {
    /**
     * Copies {@code source.length() * dtype.bytes()} bytes, as they are after the work issued so far, and does not wait
     * for that work. What an earlier start copied is lost, taken or not.
     *
     * @throws IllegalArgumentException when the memory is too small
     */
    void start(Slice source);

    /**
     * Waits for the copy and for nothing that was issued after it.
     *
     * @return little-endian elements from the first byte on, valid until the next {@link #start}
     */
    MemorySegment await();

    /** Returns the memory. */
    @Override
    void close();

    /** Copies when it is started, which is all there is to do where work is done when its call returns. */
    final class Immediate implements Readback {
        private final Device device;
        private final Arena arena = Arena.ofShared();
        private final MemorySegment memory;

        Immediate(Device device, long bytes) {
            this.device = device;
            memory = arena.allocate(bytes, 64);
        }

        @Override
        public void start(Slice source) {
            device.read(source, memory);
        }

        @Override
        public MemorySegment await() {
            return memory;
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
