package keisei.training;

import java.util.ArrayDeque;
import java.util.Deque;

/** What a constructor has opened so far, closed in reverse order if it does not get to its end. */
final class Owned {
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();

    <T extends AutoCloseable> T add(T resource) {
        resources.push(resource);
        return resource;
    }

    /** Says that the object under construction owns them from now on. */
    void release() {
        resources.clear();
    }

    /** Closes all after a failure, which stays what is reported: what cannot be closed then is only added to it. */
    void closeAfter(Throwable failure) {
        while (!resources.isEmpty()) {
            try {
                resources.pop().close();
            } catch (Exception e) {
                failure.addSuppressed(e);
            }
        }
    }
}
