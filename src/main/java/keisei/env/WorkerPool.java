package keisei.env;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed team of threads that run one task together; the calling thread is worker 0. Nothing is allocated by
 * {@link #run}. One caller at a time.
 */
final class WorkerPool implements AutoCloseable {
    /** What each worker does; must share the work by the worker's number. */
    interface Task {
        void run(int worker);
    }

    /** Rounds of busy waiting before a thread goes to sleep: steps follow each other closely in a rollout. */
    private static final int SPINS = 1_000;

    private final int workers;
    private final Thread[] threads;
    private final @Nullable Throwable[] failures;
    private final AtomicInteger pending = new AtomicInteger();
    private @Nullable Task task;
    private volatile int generation;
    private volatile @Nullable Thread caller;
    private volatile boolean closed;

    WorkerPool(int workers, String name) {
        this.workers = workers;
        this.failures = new @Nullable Throwable[workers];
        this.threads = new Thread[workers - 1];
        for (int i = 0; i < threads.length; i++) {
            int worker = i + 1;
            threads[i] = Thread.ofPlatform().daemon().name(name + "-" + worker).start(() -> serve(worker));
        }
    }

    int workers() {
        return workers;
    }

    /** Runs the task on all workers and waits; rethrows the failure of the lowest worker, if any. */
    void run(Task work) {
        if (closed) {
            throw new IllegalStateException("the environment is closed");
        }
        if (threads.length == 0) {
            work.run(0);
            return;
        }
        task = work;
        caller = Thread.currentThread();
        pending.set(threads.length);
        generation = generation + 1;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
        runGuarded(0, work);
        int spins = 0;
        while (pending.get() > 0) {
            if (spins++ < SPINS) {
                Thread.onSpinWait();
            } else {
                LockSupport.park(this);
            }
        }
        caller = null;
        rethrow();
    }

    private void rethrow() {
        Throwable first = null;
        for (int worker = 0; worker < workers; worker++) {
            if (first == null) {
                first = failures[worker];
            }
            failures[worker] = null;
        }
        switch (first) {
            case null -> {}
            case RuntimeException exception -> throw exception;
            case Error error -> throw error;
            default -> throw new IllegalStateException(first);
        }
    }

    private void serve(int worker) {
        int seen = 0;
        while (true) {
            int spins = 0;
            while (generation == seen && !closed) {
                if (spins++ < SPINS) {
                    Thread.onSpinWait();
                } else {
                    LockSupport.park(this);
                }
            }
            if (closed) {
                return;
            }
            seen = generation;
            Task work = task;
            if (work != null) {
                runGuarded(worker, work);
            }
            Thread waiting = caller;
            if (pending.decrementAndGet() == 0) {
                LockSupport.unpark(waiting);
            }
        }
    }

    private void runGuarded(int worker, Task work) {
        try {
            work.run(worker);
        } catch (RuntimeException | Error failure) {
            failures[worker] = failure;
        }
    }

    @Override
    public void close() {
        closed = true;
        for (Thread thread : threads) {
            LockSupport.unpark(thread);
        }
    }
}
