package keisei.bench;

import java.util.Arrays;

/**
 * Repeated measurements of one piece of work, in seconds a run, sorted.
 *
 * @param secondsPerRun one entry a sample, ascending
 */
public record Timing(double[] secondsPerRun) {
    private static final int SAMPLES = 7;
    private static final long WARM_UP_NANOS = 1_000_000_000L;
    private static final long SAMPLE_NANOS = 150_000_000L;

    /**
     * Warms up until the compiler has settled, then takes {@value #SAMPLES} samples, each of as many runs as fill
     * about 0.15 s.
     */
    public static Timing of(Runnable work) {
        long start = System.nanoTime();
        long runs = 0;
        while (System.nanoTime() - start < WARM_UP_NANOS || runs < 2) {
            work.run();
            runs++;
        }
        long before = System.nanoTime();
        work.run();
        long oneRunNanos = Math.max(1, System.nanoTime() - before);
        long runsPerSample = Math.max(1, SAMPLE_NANOS / oneRunNanos);
        double[] samples = new double[SAMPLES];
        for (int s = 0; s < SAMPLES; s++) {
            long sampleStart = System.nanoTime();
            for (long r = 0; r < runsPerSample; r++) {
                work.run();
            }
            samples[s] = (System.nanoTime() - sampleStart) / 1e9 / runsPerSample;
        }
        Arrays.sort(samples);
        return new Timing(samples);
    }

    /** The middle sample. */
    public double medianSeconds() {
        return secondsPerRun[secondsPerRun.length / 2];
    }

    /** The fastest sample. */
    public double bestSeconds() {
        return secondsPerRun[0];
    }
}
