package keisei.training;

import org.jspecify.annotations.Nullable;

/** Training cannot start or go on; the message says why and what can be done. */
public final class TrainingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message for the user */
    public TrainingException(String message) {
        super(message);
    }

    /** @param cause what a lower layer said */
    public TrainingException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
