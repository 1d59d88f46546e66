package keisei.device.cpu;

/**
 * A loop body that {@link Workers} spreads over threads. Chunks are numbered by shape alone, never by the number of
 * threads, and write disjoint results: that keeps results the same bit for bit whoever runs them.
 */
@FunctionalInterface
interface Task {
    /**
     * @param chunk which part of the work
     * @param worker who runs it, from 0: the index of scratch memory
     */
    void run(int chunk, int worker);
}
