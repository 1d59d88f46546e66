package keisei.checkpoint;

import java.io.IOException;

/**
 * Is told of every step of a write before it happens, so that tests can fail or end the process there. An
 * {@link IOException} is handled as a failed write (the temporary directory is removed); an {@link Error} leaves things
 * as a killed process would.
 */
@FunctionalInterface
interface WriteHook {
    WriteHook NONE = step -> {};

    void before(String step) throws IOException;
}
