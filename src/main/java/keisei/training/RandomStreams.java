package keisei.training;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import keisei.random.RandomStream;

/**
 * The random streams of a run, all from its seed. Those that live through the whole run are saved in checkpoints; the
 * others are used up before the first rollout.
 */
final class RandomStreams {
    private static final long INITIALIZATION = 1;
    private static final long SAMPLING = 2;
    private static final long SHUFFLING = 3;
    private static final long CALIBRATION = 4;

    private final long seed;
    private final RandomStream sampling;
    private final RandomStream shuffling;

    RandomStreams(long seed) {
        this.seed = seed;
        this.sampling = new RandomStream(seed, SAMPLING);
        this.shuffling = new RandomStream(seed, SHUFFLING);
    }

    /** Draws the first parameters. */
    RandomStream initialization() {
        return new RandomStream(seed, INITIALIZATION);
    }

    /** Plays the games whose positions calibrate the batch statistics. */
    RandomStream calibration() {
        return new RandomStream(seed, CALIBRATION);
    }

    /** Draws actions in rollouts. */
    RandomStream sampling() {
        return sampling;
    }

    /** Shuffles minibatches. */
    RandomStream shuffling() {
        return shuffling;
    }

    /** States by name, for a checkpoint. */
    Map<String, List<Long>> states() {
        Map<String, List<Long>> states = new LinkedHashMap<>();
        states.put("sampling", toList(sampling));
        states.put("shuffling", toList(shuffling));
        return states;
    }

    /** @throws IllegalArgumentException when a stream is missing or its state is none */
    void restore(Map<String, List<Long>> states) {
        restore("sampling", sampling, states);
        restore("shuffling", shuffling, states);
    }

    private static void restore(String name, RandomStream stream, Map<String, List<Long>> states) {
        List<Long> state = states.get(name);
        if (state == null) {
            throw new IllegalArgumentException("the checkpoint has no state of the random stream '" + name + "'");
        }
        stream.restore(state.stream().mapToLong(Long::longValue).toArray());
    }

    private static List<Long> toList(RandomStream stream) {
        return Arrays.stream(stream.state()).boxed().toList();
    }
}
