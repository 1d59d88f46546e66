package keisei.training;

/** Something that happens after updates, on the training thread. An exception is logged; training goes on. */
public interface Callback {
    /** Name for the log. */
    String name();

    /** Called after each update, at its boundary. */
    void afterUpdate(TrainingProgress progress);
}
