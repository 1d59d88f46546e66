package keisei.device.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A parallel loop over numbered chunks. The calling thread works too, as worker 0; the others wait a few microseconds
 * spinning, then asleep. One caller at a time; a call allocates nothing.
 */
final class Workers implements AutoCloseable {
    /** How often an idle thread looks for work before it sleeps: some tens of microseconds. */
    private static final int SPINS = 2000;

    private static final int ENDED = 1 << 30;

    private final Helper[] helpers;
    private final AtomicInteger next = new AtomicInteger();
    /** Helpers at work, plus {@link #ENDED} while none may join. */
    private final AtomicInteger state = new AtomicInteger(ENDED);

    private volatile @Nullable Throwable failure;
    private volatile int generation;
    private volatile boolean closed;
    private @Nullable Task task;
    private int chunks;
    private @Nullable Thread caller;

    /** @param threads how many threads work, the caller included; at least 1 */
    Workers(int threads) {
        helpers = new Helper[threads - 1];
        for (int i = 0; i < helpers.length; i++) {
            helpers[i] = new Helper(i + 1);
            helpers[i].start();
        }
    }

    /** Threads that work, the caller included. */
    int threads() {
        return helpers.length + 1;
    }

    /** Runs {@code task} for the chunks 0 to {@code chunks - 1} and returns when all are done. */
    void run(Task task, int chunks) {
        if (helpers.length == 0 || chunks <= 1) {
            for (int chunk = 0; chunk < chunks; chunk++) {
                task.run(chunk, 0);
            }
            return;
        }
        this.task = task;
        this.chunks = chunks;
        caller = Thread.currentThread();
        failure = null;
        next.set(0);
        state.set(0);
        generation = generation + 1;
        for (Helper helper : helpers) {
            if (helper.asleep) {
                LockSupport.unpark(helper);
            }
        }
        work(task, chunks, 0);
        state.getAndAdd(ENDED);
        for (int spins = 0; state.get() != ENDED; spins++) {
            if (spins < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
        Throwable thrown = failure;
        if (thrown instanceof Error error) {
            throw error;
        } else if (thrown != null) {
            throw (RuntimeException) thrown;
        }
    }

    private void work(Task task, int chunks, int worker) {
        try {
            for (int chunk = next.getAndIncrement(); chunk < chunks; chunk = next.getAndIncrement()) {
                task.run(chunk, worker);
            }
        } catch (RuntimeException | Error thrown) {
            failure = thrown;
            next.set(chunks);
        }
    }

    /** Ends the helper threads. */
    @Override
    public void close() {
        closed = true;
        generation = generation + 1;
        for (Helper helper : helpers) {
            LockSupport.unpark(helper);
        }
    }

    private final class Helper extends Thread {
        private final int worker;
        private volatile boolean asleep;

        Helper(int worker) {
            super("keisei-cpu-" + worker);
            this.worker = worker;
            setDaemon(true);
        }

        @Override
        public void run() {
            int seen = 0;
            while (true) {
                seen = await(seen);
                if (closed) {
                    return;
                }
                if (joins()) {
                    Task current = task;
                    if (current != null) {
                        work(current, chunks, worker);
                    }
                    if (state.decrementAndGet() == ENDED) {
                        LockSupport.unpark(caller);
                    }
                }
            }
        }

        /** Joins the loop now running, unless it has ended: nobody waits for a thread that wakes late. */
        private boolean joins() {
            int now = state.get();
            while ((now & ENDED) == 0) {
                if (state.compareAndSet(now, now + 1)) {
                    return true;
                }
                now = state.get();
            }
            return false;
        }

        /** Waits until the generation differs from {@code seen} and returns it. */
        private int await(int seen) {
            for (int spins = 0; spins < SPINS; spins++) {
                int now = generation;
                if (now != seen) {
                    return now;
                }
                Thread.onSpinWait();
            }
            asleep = true;
            while (generation == seen) {
                LockSupport.park(Workers.this);
            }
            asleep = false;
            return generation;
        }
    }
}
