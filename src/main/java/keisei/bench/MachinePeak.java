package keisei.bench;

import java.util.concurrent.CountDownLatch;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** The machine's float32 multiply-add rate, measured: the yardstick for every GFLOP/s that the bench prints. */
public final class MachinePeak {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int ACCUMULATORS = 12;
    private static final int ITERATIONS = 1 << 16;

    private MachinePeak() {}

    /**
     * Best of several runs of independent chains of vector multiply-adds on {@code threads} threads, in GFLOP/s of
     * all threads together (a multiply-add counts 2).
     *
     * @throws InterruptedException when the waiting thread is interrupted
     */
    public static double gigaflops(int threads) throws InterruptedException {
        double best = 0;
        for (int round = 0; round < 12; round++) {
            CountDownLatch ready = new CountDownLatch(threads);
            CountDownLatch go = new CountDownLatch(1);
            CountDownLatch done = new CountDownLatch(threads);
            float[][] sinks = new float[threads][SPECIES.length()];
            for (int t = 0; t < threads; t++) {
                float[] sink = sinks[t];
                Thread.ofPlatform().daemon().start(() -> {
                    ready.countDown();
                    awaitQuietly(go);
                    for (int repeat = 0; repeat < 64; repeat++) {
                        chains(sink);
                    }
                    done.countDown();
                });
            }
            ready.await();
            long start = System.nanoTime();
            go.countDown();
            done.await();
            double seconds = (System.nanoTime() - start) / 1e9;
            double flops = 2.0 * SPECIES.length() * ACCUMULATORS * ITERATIONS * 64 * threads;
            best = Math.max(best, flops / seconds / 1e9);
        }
        return best;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Twelve independent chains hide the multiply-add's latency on every current core. */
    private static void chains(float[] sink) {
        FloatVector a = FloatVector.broadcast(SPECIES, 0.999f);
        FloatVector b = FloatVector.broadcast(SPECIES, 1e-3f);
        FloatVector c0 = FloatVector.fromArray(SPECIES, sink, 0);
        FloatVector c1 = c0;
        FloatVector c2 = c0;
        FloatVector c3 = c0;
        FloatVector c4 = c0;
        FloatVector c5 = c0;
        FloatVector c6 = c0;
        FloatVector c7 = c0;
        FloatVector c8 = c0;
        FloatVector c9 = c0;
        FloatVector c10 = c0;
        FloatVector c11 = c0;
        for (int i = 0; i < ITERATIONS; i++) {
            c0 = c0.fma(a, b);
            c1 = c1.fma(a, b);
            c2 = c2.fma(a, b);
            c3 = c3.fma(a, b);
            c4 = c4.fma(a, b);
            c5 = c5.fma(a, b);
            c6 = c6.fma(a, b);
            c7 = c7.fma(a, b);
            c8 = c8.fma(a, b);
            c9 = c9.fma(a, b);
            c10 = c10.fma(a, b);
            c11 = c11.fma(a, b);
        }
        c0.add(c1)
                .add(c2)
                .add(c3)
                .add(c4)
                .add(c5)
                .add(c6)
                .add(c7)
                .add(c8)
                .add(c9)
                .add(c10)
                .add(c11)
                .intoArray(sink, 0);
    }
}
