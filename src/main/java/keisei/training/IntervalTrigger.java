package keisei.training;

/**
 * Fires when a multiple of an interval was crossed since the last look, however far the counter jumped. (Asking whether
 * the counter is a multiple misses most of them when it is looked at once an update.)
 */
final class IntervalTrigger {
    private final long interval;
    private long last;

    /** @param interval at least 1; 0 never fires */
    IntervalTrigger(long interval, long start) {
        this.interval = interval;
        this.last = start;
    }

    boolean crossed(long now) {
        boolean fires = interval > 0 && now / interval > last / interval;
        last = now;
        return fires;
    }
}
