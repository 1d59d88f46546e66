package keisei.training;

import java.nio.file.Path;

/** Whether and where a run continues. */
public sealed interface ResumeRequest {
    /** A new run. */
    record None() implements ResumeRequest {}

    /** The newest whole checkpoint of the named run, or of the newest run. */
    record Latest() implements ResumeRequest {}

    /** A checkpoint by its directory. */
    record At(Path checkpoint) implements ResumeRequest {}

    /** From the command line: absent, {@code latest}, or a path. */
    static ResumeRequest of(String text) {
        return text.isEmpty() || text.equals("latest") ? new Latest() : new At(Path.of(text));
    }
}
