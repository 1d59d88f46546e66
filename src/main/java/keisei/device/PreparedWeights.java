package keisei.device;

/**
 * Weights of a convolution or linear layer in the forms a device computes with (Winograd domain, packed panels,
 * half precision). It reads the master weights it was prepared from and owns only the derived copies, which it
 * remakes lazily on first use after {@link #invalidate()}. The creator closes it. Not thread-safe.
 */
public interface PreparedWeights extends AutoCloseable {
    /** Says that the master weights changed. Costs nothing; the next use remakes what it needs. */
    void invalidate();

    /**
     * Makes the derived copies that are stale now, so that a {@link Device#record recording} that follows does not. A
     * device without recordings may leave it to the next use.
     */
    default void refresh() {}

    /** Returns the derived copies' memory. */
    @Override
    void close();
}
