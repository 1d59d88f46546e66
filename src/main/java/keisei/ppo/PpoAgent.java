package keisei.ppo;

import java.lang.foreign.MemorySegment;
import keisei.device.Device;
import keisei.device.PlaneProgram;
import keisei.device.Slice;
import keisei.nn.ActorCritic;
import keisei.optim.AdamOptimizer;
import keisei.optim.LearningRateSchedule;
import keisei.random.RandomStream;
import org.jspecify.annotations.Nullable;

/**
 * The learner: acts in N games at once while it fills an {@link ExperienceBuffer}, then updates the model.
 *
 * <pre>{@code
 * agent.calibrate(positions, count);                  // once, before the first rollout of a new model
 * while (!buffer.isFull()) {
 *     agent.act(buffer, packed, masks, actions);      // the seeds' select_action / get_action_and_value
 *     environment.step(actions);
 *     agent.record(buffer, rewards, terminated, truncated, finalPacked);
 * }
 * agent.finishRollout(buffer, packed);                // the seeds' get_value of the last observation
 * PpoMetrics metrics = agent.update(buffer);          // the seeds' learn
 * buffer.clear();
 * }</pre>
 *
 * <p>In a buffer with parts each part goes through {@link #beginAct}, {@link #finishAct}, {@link
 * #record(ExperienceBuffer, int, float[], byte[], byte[], MemorySegment)} by itself. Between the first two the device
 * works on the part's actions, and the caller can advance the games of another part; nothing in between waits for the
 * device, unless more than N games of a rollout were cut off. Random numbers are drawn by {@link #beginAct}: as long as the parts begin in their order, step by step, the
 * rollout is that of a buffer with one part.
 *
 * <p>All values are those of the side to move; with {@link #SELF_PLAY_SIGN} the value of the next position, which
 * belongs to the opponent, enters negated. Host memory is passed as segments that only have to be valid during the
 * call. Scratch memory is sized at {@link #reserve} or on first use and then kept. Owns that scratch memory; model,
 * optimizer, random streams and buffers stay the caller's. Not thread-safe.
 */
public final class PpoAgent implements AutoCloseable {
    /** The sign of what comes from the next step where two players alternate and values are the mover's. */
    public static final double SELF_PLAY_SIGN = -1;

    private final ActorCritic model;
    private final Device device;
    private final PlaneProgram program;
    private final PpoSettings settings;
    private final AdamOptimizer optimizer;
    private final LearningRateSchedule schedule;
    private final RandomStream sampling;
    private final RandomStream shuffling;
    private final double gaeSign;

    private @Nullable RolloutScratch rollout;
    private @Nullable PpoUpdate update;
    private long gradientSteps;
    private boolean closed;

    /**
     * @param program makes the model's input from packed positions
     * @param optimizer of the model's parameters
     * @param schedule learning rate by gradient step
     * @param sampling draws the actions
     * @param shuffling draws the order of the rows
     * @param gaeSign {@link #SELF_PLAY_SIGN}, or +1 where one agent acts at every step
     * @throws IllegalArgumentException when the program does not fit the model, or the sign is neither
     */
    public PpoAgent(
            ActorCritic model,
            PlaneProgram program,
            PpoSettings settings,
            AdamOptimizer optimizer,
            LearningRateSchedule schedule,
            RandomStream sampling,
            RandomStream shuffling,
            double gaeSign) {
        PolicyInference.requireMatching(model, program);
        if (gaeSign != 1 && gaeSign != -1) {
            throw new IllegalArgumentException("gaeSign is " + gaeSign + ", must be -1 (self-play) or 1");
        }
        this.model = model;
        this.device = model.device();
        this.program = program;
        this.settings = settings;
        this.optimizer = optimizer;
        this.schedule = schedule;
        this.sampling = sampling;
        this.shuffling = shuffling;
        this.gaeSign = gaeSign;
        model.setNormalization(settings.normalization());
    }

    /** The constants of this agent. */
    public PpoSettings settings() {
        return settings;
    }

    /** The model that this agent plays with and updates. */
    public ActorCritic model() {
        return model;
    }

    /** The optimizer of the model's parameters. */
    public AdamOptimizer optimizer() {
        return optimizer;
    }

    /** A buffer for this agent's model and positions; the caller closes it. */
    public ExperienceBuffer newBuffer(int steps, int games) {
        return newBuffer(steps, games, 1);
    }

    /** The same with games in parts that step by themselves, see {@link #beginAct}. */
    public ExperienceBuffer newBuffer(int steps, int games, int parts) {
        return new ExperienceBuffer(
                device, steps, games, program.recordBytes(), model.spec().actions(), parts);
    }

    /** Sizes the scratch memory for a buffer before training, so that the first iteration allocates nothing. */
    public void reserve(ExperienceBuffer buffer) {
        rolloutFor(buffer);
        updateFor(buffer);
    }

    /**
     * Sets the running statistics of batch normalisation to those of the given positions (before the first rollout of
     * a new model: the initial 0 and 1 would mean no normalisation at all).
     *
     * @param packed {@code [count, recordBytes]}, best of a few thousand different positions in random order
     * @param count positions, at least 1
     */
    public void calibrate(MemorySegment packed, int count) {
        requireOpen();
        int recordBytes = program.recordBytes();
        if (count < 1 || packed.byteSize() < (long) count * recordBytes) {
            throw new IllegalArgumentException("calibration with %d positions of %d bytes from %d bytes of memory"
                    .formatted(count, recordBytes, packed.byteSize()));
        }
        int chunk = Math.min(count, Math.max(settings.minibatchSize(), 1));
        try (PolicyInference inference = new PolicyInference(model, program, chunk)) {
            for (int from = 0; from < count; from += chunk) {
                int size = Math.min(chunk, count - from);
                inference.observe(
                        size,
                        packed.asSlice((long) from * recordBytes, (long) size * recordBytes),
                        (double) size / (from + size));
            }
        }
        model.parametersChanged();
    }

    /**
     * Opens a step: samples an action for each game and stores positions, masks, actions, log-probabilities and values
     * in the buffer (the seeds' {@code select_action}, {@code get_action_and_value}).
     *
     * @param packed {@code [N, recordBytes]}, the positions to move in
     * @param masks {@code [N, maskWords]} I32, their legal moves; a game without any gets action 0
     * @param actionsOut receives N actions
     * @throws IllegalStateException when the buffer is full, finished, or has an open step
     */
    public void act(ExperienceBuffer buffer, MemorySegment packed, MemorySegment masks, int[] actionsOut) {
        requireOnePart(buffer);
        requireRoom(buffer, actionsOut);
        beginAct(buffer, 0, packed, masks);
        finishAct(buffer, 0, actionsOut);
    }

    /**
     * Opens a part's step as {@link #act} does, but does not wait for the actions.
     *
     * @param packed {@code [games of the part, recordBytes]}
     * @param masks {@code [games of the part, maskWords]} I32
     * @throws IllegalStateException when the part is full or has an open step, or the buffer is finished
     */
    public void beginAct(ExperienceBuffer buffer, int part, MemorySegment packed, MemorySegment masks) {
        PolicyInference inference = rolloutFor(buffer).inference();
        ExperienceBuffer.StepSlices step = buffer.beginStep(part, packed, masks);
        inference.sampleFrom(
                buffer.games(part),
                step.packed(),
                step.masks(),
                sampling,
                step.actions(),
                step.logProbabilities(),
                step.values());
        buffer.openPart(part).startReadingActions();
    }

    /**
     * Waits for the actions of the step that {@link #beginAct} opened, and for no later work.
     *
     * @param actionsOut {@code [N]}; receives those of the part, at the places of its games
     * @throws IllegalStateException when the part has no open step
     */
    public void finishAct(ExperienceBuffer buffer, int part, int[] actionsOut) {
        requireOpen();
        requireRoom(buffer, actionsOut);
        buffer.openPart(part).awaitActions(actionsOut);
    }

    /**
     * Completes the step that {@link #act} opened. For games that were cut off, the network will give the value of the
     * position at which they stopped; this is what their last step bootstraps from.
     *
     * @param reward {@code [N]}, for the player who moved
     * @param terminated {@code [N]}, not 0 where the game ended by its rules
     * @param truncated {@code [N]}, not 0 where it was cut off (ply cap); ignored where it is terminated too
     * @param finalPacked {@code [N, recordBytes]}, the positions before games were reset; read only where truncated
     */
    public void record(
            ExperienceBuffer buffer, float[] reward, byte[] terminated, byte[] truncated, MemorySegment finalPacked) {
        requireOnePart(buffer);
        record(buffer, 0, reward, terminated, truncated, finalPacked);
    }

    /** The same for a part; arrays have an element for each of all N games, and those of the part are read. */
    public void record(
            ExperienceBuffer buffer,
            int part,
            float[] reward,
            byte[] terminated,
            byte[] truncated,
            MemorySegment finalPacked) {
        RolloutPart open = buffer.openPart(part);
        int games = buffer.games();
        if (reward.length != games || terminated.length != games || truncated.length != games) {
            throw new IllegalArgumentException(
                    "reward, terminated, truncated have %d, %d, %d elements, expected one a game: %d"
                            .formatted(reward.length, terminated.length, truncated.length, games));
        }
        rolloutFor(buffer).keepFinalPositions(buffer, open, terminated, truncated, finalPacked);
        buffer.completeStep(part, reward, terminated, truncated);
    }

    /**
     * Ends the rollout, full or not: the network gives the values of the positions that the next step would start from.
     *
     * @param packed {@code [N, recordBytes]}
     * @throws IllegalStateException when the buffer is empty or has an open step
     */
    public void finishRollout(ExperienceBuffer buffer, MemorySegment packed) {
        RolloutScratch scratch = rolloutFor(buffer);
        long bytes = (long) buffer.games() * program.recordBytes();
        if (packed.byteSize() < bytes) {
            throw new IllegalArgumentException(
                    "packed positions have %d bytes, expected at least %d".formatted(packed.byteSize(), bytes));
        }
        buffer.requireFinishable();
        scratch.evaluateFinalPositions(buffer);
        Slice lastValue = buffer.finish();
        scratch.evaluateAll(buffer, packed, lastValue);
    }

    /**
     * Learns from a finished rollout (the seeds' {@code learn}): advantages, then epochs of shuffled minibatches, then
     * the refresh of the running statistics. The buffer's contents stay until {@link ExperienceBuffer#clear()}.
     *
     * @throws IllegalStateException when the buffer is empty or not finished
     */
    public PpoMetrics update(ExperienceBuffer buffer) {
        PpoUpdate minibatches = updateFor(buffer);
        buffer.computeAdvantagesAndReturns(settings.gamma(), settings.gaeLambda(), gaeSign);
        if (settings.normalizeAdvantages()) {
            buffer.normalizeAdvantages();
        }
        PpoMetrics metrics = minibatches.run(buffer, gradientSteps);
        gradientSteps += metrics.minibatches();
        return metrics;
    }

    /** Gradient steps of all updates so far, the position of the learning-rate schedule; part of a checkpoint. */
    public long gradientSteps() {
        return gradientSteps;
    }

    /** Restores {@link #gradientSteps()}. @throws IllegalArgumentException when it is negative */
    public void restoreGradientSteps(long steps) {
        if (steps < 0) {
            throw new IllegalArgumentException("gradientSteps is " + steps + ", must be >= 0");
        }
        gradientSteps = steps;
    }

    /** Frees the scratch memory; further calls do nothing. */
    @Override
    public void close() {
        closed = true;
        if (rollout != null) {
            rollout.close();
            rollout = null;
        }
        if (update != null) {
            update.close();
            update = null;
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("PPO agent is closed");
        }
    }

    private static void requireOnePart(ExperienceBuffer buffer) {
        if (buffer.parts() != 1) {
            throw new IllegalArgumentException(
                    "experience buffer has %d parts: name the part to act in".formatted(buffer.parts()));
        }
    }

    private static void requireRoom(ExperienceBuffer buffer, int[] actionsOut) {
        if (actionsOut.length < buffer.games()) {
            throw new IllegalArgumentException(
                    "room for %d actions, expected at least %d".formatted(actionsOut.length, buffer.games()));
        }
    }

    private void requireFitting(ExperienceBuffer buffer) {
        requireOpen();
        int maskWords = (model.spec().actions() + 31) / 32;
        if (buffer.device() != device
                || buffer.recordBytes() != program.recordBytes()
                || buffer.maskWords() != maskWords) {
            throw new IllegalArgumentException(
                    "experience buffer on %s holds records of %d bytes and %d mask words; this agent on %s needs %d and %d"
                            .formatted(
                                    buffer.device().name(),
                                    buffer.recordBytes(),
                                    buffer.maskWords(),
                                    device.name(),
                                    program.recordBytes(),
                                    maskWords));
        }
    }

    private RolloutScratch rolloutFor(ExperienceBuffer buffer) {
        RolloutScratch current = rollout;
        requireFitting(buffer);
        if (current != null && current.fits(buffer)) {
            return current;
        }
        if (current != null) {
            current.close();
            rollout = null;
        }
        RolloutScratch made = new RolloutScratch(model, program, buffer);
        rollout = made;
        return made;
    }

    private PpoUpdate updateFor(ExperienceBuffer buffer) {
        requireFitting(buffer);
        int rows = Math.multiplyExact(buffer.capacitySteps(), buffer.games());
        PpoUpdate current = update;
        if (current != null && current.maxRows() == rows) {
            return current;
        }
        if (current != null) {
            current.close();
            update = null;
        }
        PpoUpdate made = new PpoUpdate(model, program, settings, optimizer, schedule, shuffling, rows);
        update = made;
        return made;
    }
}
