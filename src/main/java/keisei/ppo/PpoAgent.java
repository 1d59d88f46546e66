package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PlaneProgram;
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

    private @Nullable Rollout rollout;
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
        return new ExperienceBuffer(
                device, steps, games, program.recordBytes(), model.spec().actions());
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
        PolicyInference inference = rolloutFor(buffer).inference;
        if (actionsOut.length < buffer.games()) {
            throw new IllegalArgumentException(
                    "room for %d actions, expected at least %d".formatted(actionsOut.length, buffer.games()));
        }
        ExperienceBuffer.StepSlices step = buffer.beginStep(packed, masks);
        inference.sampleFrom(
                buffer.games(),
                step.packed(),
                step.masks(),
                sampling,
                step.actions(),
                step.logProbabilities(),
                step.values(),
                actionsOut);
    }

    /**
     * Completes the step that {@link #act} opened. For games that were cut off, the network gives the value of the
     * position at which they stopped; this is what their last step bootstraps from.
     *
     * @param reward {@code [N]}, for the player who moved
     * @param terminated {@code [N]}, not 0 where the game ended by its rules
     * @param truncated {@code [N]}, not 0 where it was cut off (ply cap); ignored where it is terminated too
     * @param finalPacked {@code [N, recordBytes]}, the positions before games were reset; read only where truncated
     */
    public void record(
            ExperienceBuffer buffer, float[] reward, byte[] terminated, byte[] truncated, MemorySegment finalPacked) {
        ExperienceBuffer.StepSlices step = buffer.openStep();
        int games = buffer.games();
        if (reward.length != games || terminated.length != games || truncated.length != games) {
            throw new IllegalArgumentException(
                    "reward, terminated, truncated have %d, %d, %d elements, expected one a game: %d"
                            .formatted(reward.length, terminated.length, truncated.length, games));
        }
        rolloutFor(buffer).evaluateTruncated(step, terminated, truncated, finalPacked);
        buffer.completeStep(reward, terminated, truncated);
    }

    /**
     * Ends the rollout, full or not: the network gives the values of the positions that the next step would start from.
     *
     * @param packed {@code [N, recordBytes]}
     * @throws IllegalStateException when the buffer is empty or has an open step
     */
    public void finishRollout(ExperienceBuffer buffer, MemorySegment packed) {
        Rollout scratch = rolloutFor(buffer);
        long bytes = (long) buffer.games() * program.recordBytes();
        if (packed.byteSize() < bytes) {
            throw new IllegalArgumentException(
                    "packed positions have %d bytes, expected at least %d".formatted(packed.byteSize(), bytes));
        }
        var lastValue = buffer.finish();
        device.write(scratch.positions.all(), packed);
        scratch.inference.valuesInto(buffer.games(), scratch.positions.all(), lastValue);
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

    private Rollout rolloutFor(ExperienceBuffer buffer) {
        Rollout current = rollout;
        requireFitting(buffer);
        if (current != null && current.games == buffer.games()) {
            return current;
        }
        if (current != null) {
            current.close();
            rollout = null;
        }
        Rollout made = new Rollout(buffer.games());
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

    /** Scratch of the rollout for one number of games. */
    private final class Rollout implements AutoCloseable {
        private final int games;
        private final PolicyInference inference;
        private final DeviceAllocations memory;
        private final Arena arena = Arena.ofShared();
        private final DeviceBuffer positions;
        private final DeviceBuffer values;
        private final MemorySegment hostPositions;
        private final HostReals compactValues;
        private final HostReals rowValues;
        private final int[] truncatedGames;

        Rollout(int games) {
            this.games = games;
            this.memory = new DeviceAllocations(device, "inference");
            positions = memory.allocate(DType.U8, games, program.recordBytes(), "final positions");
            values = memory.allocate(device.realType(), games, 1, "final values");
            hostPositions = arena.allocate((long) games * program.recordBytes(), 64);
            compactValues = new HostReals(device, arena, games);
            rowValues = new HostReals(device, arena, games);
            truncatedGames = new int[games];
            try {
                inference = new PolicyInference(model, program, games);
            } catch (RuntimeException e) {
                memory.close();
                arena.close();
                throw e;
            }
        }

        /** Values of the final positions of truncated games only, scattered to the step's row. */
        void evaluateTruncated(
                ExperienceBuffer.StepSlices step, byte[] terminated, byte[] truncated, MemorySegment finalPacked) {
            int recordBytes = program.recordBytes();
            int count = 0;
            for (int game = 0; game < games; game++) {
                if (truncated[game] != 0 && terminated[game] == 0) {
                    truncatedGames[count++] = game;
                }
            }
            if (count == 0) {
                return;
            }
            if (finalPacked.byteSize() < (long) games * recordBytes) {
                throw new IllegalArgumentException("final positions have %d bytes, expected at least %d"
                        .formatted(finalPacked.byteSize(), (long) games * recordBytes));
            }
            for (int i = 0; i < count; i++) {
                MemorySegment.copy(
                        finalPacked,
                        (long) truncatedGames[i] * recordBytes,
                        hostPositions,
                        (long) i * recordBytes,
                        recordBytes);
            }
            var compactPositions = positions.all().range(0, count * recordBytes);
            var compact = values.all().range(0, count);
            device.write(compactPositions, hostPositions);
            inference.valuesInto(count, compactPositions, compact);
            compactValues.readFrom(compact);
            for (int game = 0; game < games; game++) {
                rowValues.set(game, 0);
            }
            for (int i = 0; i < count; i++) {
                rowValues.set(truncatedGames[i], compactValues.get(i));
            }
            rowValues.writeTo(step.finalValues());
        }

        @Override
        public void close() {
            inference.close();
            memory.close();
            arena.close();
        }
    }
}
