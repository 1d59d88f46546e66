package keisei.checkpoint;

import java.io.IOException;
import java.nio.file.Path;

/** A checkpoint or tensor file is damaged, incomplete, unsafe, or of a version this build does not know. */
public final class CheckpointException extends IOException {
    private static final long serialVersionUID = 1L;

    /** @param message what is wrong: file, what was expected, what was found */
    public CheckpointException(Path file, String message) {
        super(file + ": " + message);
    }

    /** @param cause what a lower layer said */
    public CheckpointException(Path file, String message, Throwable cause) {
        super(file + ": " + message, cause);
    }
}
