package keisei.device.cuda;

/** CUDA cannot be used, or one of its calls failed. The message says what was asked, why not, and what can be done. */
public final class CudaException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message for the user */
    public CudaException(String message) {
        super(message);
    }

    /** @param cause what a lower layer said */
    public CudaException(String message, Throwable cause) {
        super(message, cause);
    }
}
