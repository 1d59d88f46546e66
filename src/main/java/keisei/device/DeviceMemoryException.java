package keisei.device;

/** Misuse or exhaustion of device memory: use after close, double close, leak, out of memory. Names the owner. */
public final class DeviceMemoryException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    /** @param message what happened, to whose memory, and what is allowed */
    public DeviceMemoryException(String message) {
        super(message);
    }
}
