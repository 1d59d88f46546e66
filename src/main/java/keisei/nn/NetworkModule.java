package keisei.nn;

/**
 * A part of a network. It reads its parameters from a {@link ParameterStore} that outlives it and owns only what is
 * derived from them (prepared weights, folded factors). Not thread-safe.
 */
public interface NetworkModule extends AutoCloseable {
    /** Says that parameters were written; what is derived from them is remade on next use. */
    void parametersChanged();

    /** Remakes now what {@link #parametersChanged} made stale for inference, so that a recording does not. */
    void refresh();

    @Override
    void close();
}
