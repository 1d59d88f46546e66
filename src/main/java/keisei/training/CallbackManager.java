package keisei.training;

import java.util.ArrayList;
import java.util.List;

/** The callbacks of a run, in the order they were added. One that fails is logged and does not stop training. */
public final class CallbackManager {
    private final SessionManager session;
    private final List<Callback> callbacks = new ArrayList<>();

    /** @param session gets the failures */
    public CallbackManager(SessionManager session) {
        this.session = session;
    }

    /** Adds a callback behind the others. */
    public void add(Callback callback) {
        callbacks.add(callback);
    }

    /** Removes all of a type. Returns whether there was one. */
    public boolean remove(Class<? extends Callback> type) {
        return callbacks.removeIf(type::isInstance);
    }

    /** The callbacks, as a copy. */
    public List<Callback> callbacks() {
        return List.copyOf(callbacks);
    }

    /** Runs all of them. */
    void afterUpdate(TrainingProgress progress) {
        for (Callback callback : callbacks) {
            try {
                callback.afterUpdate(progress);
            } catch (RuntimeException e) {
                session.warn("callback %s failed: %s".formatted(callback.name(), e));
            }
        }
    }
}
