package keisei.training;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import keisei.env.StepResult;
import keisei.env.VecShogiEnv;
import keisei.ppo.ExperienceBuffer;
import keisei.ppo.PpoAgent;

/**
 * One vectorised step: observe, act, step, record. Owns the host memory that positions and masks pass through; nothing
 * is allocated by {@link #executeStep}. Belongs to the training thread.
 */
public final class StepManager implements AutoCloseable {
    private final VecShogiEnv environment;
    private final PpoAgent agent;
    private final ExperienceBuffer buffer;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment packed;
    private final MemorySegment masks;
    private final int[] actions;
    private final StepResult result;
    private long environmentNanos;
    private long inferenceNanos;

    /** Environment, agent and buffer stay the caller's. */
    public StepManager(VecShogiEnv environment, PpoAgent agent, ExperienceBuffer buffer) {
        this.environment = environment;
        this.agent = agent;
        this.buffer = buffer;
        int games = environment.games();
        packed = arena.allocate((long) games * environment.recordBytes(), 64);
        masks = arena.allocate((long) games * environment.maskWords() * Integer.BYTES, 64);
        actions = new int[games];
        result = environment.newResult();
    }

    /** Plays one move in every game and stores the transitions; the result is valid until the next step. */
    public StepResult executeStep() {
        long start = System.nanoTime();
        environment.observe(0, environment.games(), packed, masks);
        long observed = System.nanoTime();
        agent.act(buffer, packed, masks, actions);
        long acted = System.nanoTime();
        environment.step(actions, result);
        long stepped = System.nanoTime();
        agent.record(buffer, result.rewards(), result.terminated(), result.truncated(), result.finalPacked());
        long recorded = System.nanoTime();
        environmentNanos += observed - start + stepped - acted;
        inferenceNanos += acted - observed + recorded - stepped;
        return result;
    }

    /** Ends the rollout with the values of the present positions. */
    public void finishRollout() {
        long start = System.nanoTime();
        environment.observe(0, environment.games(), packed, masks);
        long observed = System.nanoTime();
        agent.finishRollout(buffer, packed);
        environmentNanos += observed - start;
        inferenceNanos += System.nanoTime() - observed;
    }

    /** Time spent in the environment so far. */
    public long environmentNanos() {
        return environmentNanos;
    }

    /** Time spent in the network during rollouts so far. */
    public long inferenceNanos() {
        return inferenceNanos;
    }

    @Override
    public void close() {
        arena.close();
    }
}
