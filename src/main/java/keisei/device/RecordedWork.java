package keisei.device;

/** Work that a device may have recorded, made by {@link Device#record}. One owner, who closes it. Not thread-safe. */
public interface RecordedWork extends AutoCloseable {
    /**
     * Does the work. The first run issues the calls (a device may then size workspaces and choose algorithms); from
     * the second on a device may replay what it recorded. So anything that changes between runs lies in device memory.
     */
    void run();

    /** Returns the recording's resources. */
    @Override
    void close();

    /** Work on a device without recordings. */
    record Repeated(Runnable work) implements RecordedWork {
        @Override
        public void run() {
            work.run();
        }

        @Override
        public void close() {
            // Nothing was recorded.
        }
    }
}
