package keisei.device;

/**
 * One allocation of device memory. It has exactly one owner, who closes it; {@link Slice}s of it are views
 * without ownership. Every use after {@link #close()} is a {@link DeviceMemoryException} that names the owner,
 * and so is a second close.
 */
public interface DeviceBuffer extends AutoCloseable {
    /** The device that allocated this buffer. */
    Device device();

    /** The element type. */
    DType dtype();

    /** Number of elements. */
    int length();

    /** Who asked for the memory, for accounts and error messages, e.g. {@code "parameters"}. */
    String owner();

    /** Whether {@link #close()} was called. */
    boolean isClosed();

    /** The whole buffer as a slice. */
    default Slice all() {
        return new Slice(this, 0, length());
    }

    /** Returns the memory. @throws DeviceMemoryException when it was closed before */
    @Override
    void close();
}
