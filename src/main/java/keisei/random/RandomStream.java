package keisei.random;

import java.util.random.RandomGenerator;

/**
 * A random stream with a state of four longs that can be saved and restored, so that a resumed run draws the numbers
 * an uninterrupted one would have drawn. The generator is xoshiro256++ (Blackman and Vigna 2021), seeded through
 * SplitMix64 (Steele, Lea and Flood 2014). Not thread-safe.
 */
public final class RandomStream implements RandomGenerator {
    private long s0;
    private long s1;
    private long s2;
    private long s3;

    /**
     * @param seed the run's seed
     * @param stream which of the run's streams; streams of one seed are independent
     */
    public RandomStream(long seed, long stream) {
        long x = mix(seed) ^ mix(stream + 0x632BE59BD9B4E019L);
        s0 = mix(x += 0x9E3779B97F4A7C15L);
        s1 = mix(x += 0x9E3779B97F4A7C15L);
        s2 = mix(x += 0x9E3779B97F4A7C15L);
        s3 = mix(x + 0x9E3779B97F4A7C15L);
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    @Override
    public long nextLong() {
        long result = Long.rotateLeft(s0 + s3, 23) + s0;
        long t = s1 << 17;
        s2 ^= s0;
        s3 ^= s1;
        s1 ^= s2;
        s0 ^= s3;
        s2 ^= t;
        s3 = Long.rotateLeft(s3, 45);
        return result;
    }

    /** The state as four longs. */
    public long[] state() {
        return new long[] {s0, s1, s2, s3};
    }

    /**
     * Restores {@link #state()}.
     *
     * @throws IllegalArgumentException when it is not four longs, or all zero
     */
    public void restore(long[] state) {
        if (state.length != 4 || (state[0] | state[1] | state[2] | state[3]) == 0) {
            throw new IllegalArgumentException("a random stream's state is four longs, not all 0");
        }
        s0 = state[0];
        s1 = state[1];
        s2 = state[2];
        s3 = state[3];
    }
}
