package keisei.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Gives the process its own standard error back. The launcher starts the JVM with standard error going through a filter
 * that drops the warning about incubator modules, which the JDK prints before any of our code runs, and keeps the
 * real one open under another number.
 */
final class StandardError {
    /** Number of the file descriptor that is the real standard error. */
    static final String PROPERTY = "keisei.stderr.fd";

    private static final int STANDARD_ERROR = 2;

    private StandardError() {}

    /** Undoes the launcher's redirection, if there is one. On failure standard error just stays filtered. */
    @SuppressWarnings("restricted")
    static void restore() {
        Integer descriptor = Integer.getInteger(PROPERTY);
        if (descriptor == null) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        linker.defaultLookup().find("dup2").ifPresent(symbol -> {
            MethodHandle dup2 = linker.downcallHandle(
                    symbol, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            try {
                int unused = (int) dup2.invokeExact((int) descriptor, STANDARD_ERROR);
            } catch (Throwable e) {
                throw new IllegalStateException("dup2 could not be called", e);
            }
        });
    }
}
