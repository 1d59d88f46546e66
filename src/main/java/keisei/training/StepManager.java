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
 *
 * <p>With a buffer in parts the inference of one part is under way while the games of another advance: all parts begin,
 * then each in turn is waited for, advances, and begins its next step. The moves are the same as without parts, because
 * parts begin in their order within a step, and steps one after the other.
 */
public final class StepManager implements AutoCloseable {
    private final VecShogiEnv environment;
    private final PpoAgent agent;
    private final ExperienceBuffer buffer;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment packed;
    private final MemorySegment[] packedOfPart;
    private final MemorySegment[] masksOfPart;
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
        long recordBytes = environment.recordBytes();
        long maskBytes = (long) environment.maskWords() * Integer.BYTES;
        packed = arena.allocate(games * recordBytes, 64);
        MemorySegment masks = arena.allocate(games * maskBytes, 64);
        packedOfPart = new MemorySegment[buffer.parts()];
        masksOfPart = new MemorySegment[buffer.parts()];
        for (int part = 0; part < buffer.parts(); part++) {
            int from = buffer.firstGame(part);
            int count = buffer.games(part);
            packedOfPart[part] = packed.asSlice(from * recordBytes, count * recordBytes);
            masksOfPart[part] = masks.asSlice(from * maskBytes, count * maskBytes);
        }
        actions = new int[games];
        result = environment.newResult();
    }

    /** Plays one move in every game and stores the transitions; the result is valid until the next step. */
    public StepResult executeStep() {
        return executeStep(false);
    }

    /**
     * Plays one move in every game and stores the transitions.
     *
     * @param more whether another step of this rollout follows: its inference then begins before this call returns.
     *     {@link ExperienceBuffer#clear()} abandons it
     * @return valid until the next step
     */
    public StepResult executeStep(boolean more) {
        for (int part = 0; part < buffer.parts(); part++) {
            if (!buffer.isOpen(part)) {
                begin(part);
            }
        }
        for (int part = 0; part < buffer.parts(); part++) {
            finish(part);
            if (more) {
                begin(part);
            }
        }
        return result;
    }

    private void begin(int part) {
        int from = buffer.firstGame(part);
        long start = System.nanoTime();
        environment.observe(from, from + buffer.games(part), packedOfPart[part], masksOfPart[part]);
        long observed = System.nanoTime();
        agent.beginAct(buffer, part, packedOfPart[part], masksOfPart[part]);
        environmentNanos += observed - start;
        inferenceNanos += System.nanoTime() - observed;
    }

    private void finish(int part) {
        int from = buffer.firstGame(part);
        long start = System.nanoTime();
        agent.finishAct(buffer, part, actions);
        long acted = System.nanoTime();
        environment.step(from, from + buffer.games(part), actions, result);
        long stepped = System.nanoTime();
        agent.record(buffer, part, result.rewards(), result.terminated(), result.truncated(), result.finalPacked());
        environmentNanos += stepped - acted;
        inferenceNanos += acted - start + System.nanoTime() - stepped;
    }

    /** Ends the rollout with the values of the present positions. */
    public void finishRollout() {
        long start = System.nanoTime();
        for (int part = 0; part < buffer.parts(); part++) {
            int from = buffer.firstGame(part);
            environment.observe(from, from + buffer.games(part), packedOfPart[part], masksOfPart[part]);
        }
        long observed = System.nanoTime();
        agent.finishRollout(buffer, packed);
        environmentNanos += observed - start;
        inferenceNanos += System.nanoTime() - observed;
    }

    /** Time that this thread spent in the environment so far, with inference under way or not. */
    public long environmentNanos() {
        return environmentNanos;
    }

    /**
     * Time that this thread gave to the network during rollouts so far: issuing its work and waiting for it. What the
     * device did meanwhile is not in it.
     */
    public long inferenceNanos() {
        return inferenceNanos;
    }

    @Override
    public void close() {
        arena.close();
    }
}
