package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;

/**
 * The experience of one rollout, {@code [T, N]} (time outside, game inside), in device memory that is allocated once
 * and reused. Positions are kept as packed records and legal moves as mask words; planes are made from them again when
 * they are needed.
 *
 * <p>Life of a rollout: for each step {@link PpoAgent#act} opens it and {@link PpoAgent#record} completes it; then
 * {@link PpoAgent#finishRollout}, {@link PpoAgent#update}, {@link #clear()}. A rollout may be finished before the
 * buffer is full. Calls out of this order are an {@link IllegalStateException} that says what was expected.
 *
 * <p>The games can be split into parts, contiguous ranges of columns, each of which opens and completes its steps by
 * itself ({@link PpoAgent#beginAct}). A rollout can be finished when all parts have completed the same number.
 *
 * <p>Owns its memory. Not thread-safe.
 */
public final class ExperienceBuffer implements AutoCloseable {
    /** Owner of the memory in {@link Device#memory()}. */
    public static final String OWNER = "rollout";

    private static final double NORMALIZE_EPSILON = 1e-8;

    private enum State {
        FILLING,
        FINISHED,
        CLOSED
    }

    private final Device device;
    private final int steps;
    private final int games;
    private final int recordBytes;
    private final int maskWords;
    private final RolloutMemory memory;
    private final Arena arena = Arena.ofShared();
    private final RolloutPart[] parts;
    private final RolloutOutcomes outcomes;

    private State state = State.FILLING;
    private boolean advantagesComputed;

    /**
     * @param steps T, capacity in steps
     * @param games N
     * @param recordBytes size of a packed position
     * @param actionCount size of the action space; masks take {@code ceil(actionCount / 32)} words
     * @param parts ranges of games that step by themselves; part p begins with game {@code N * p / parts}
     * @throws IllegalArgumentException when a size is not positive, an array would be too long for one buffer, or there
     *     are more parts than games
     */
    public ExperienceBuffer(Device device, int steps, int games, int recordBytes, int actionCount, int parts) {
        requirePositive("steps", steps);
        requirePositive("games", games);
        requirePositive("recordBytes", recordBytes);
        requirePositive("actionCount", actionCount);
        requirePositive("parts", parts);
        if (parts > games) {
            throw new IllegalArgumentException(
                    "experience buffer: %d parts of %d games, there can be one a game".formatted(parts, games));
        }
        this.device = device;
        this.steps = steps;
        this.games = games;
        this.recordBytes = recordBytes;
        this.maskWords = (actionCount + 31) / 32;
        this.parts = new RolloutPart[parts];
        memory = new RolloutMemory(device, OWNER, steps, games, recordBytes, maskWords);
        boolean complete = false;
        try {
            outcomes = new RolloutOutcomes(device, arena, steps, games, recordBytes);
            for (int p = 0; p < parts; p++) {
                int from = (int) ((long) games * p / parts);
                int to = (int) ((long) games * (p + 1) / parts);
                this.parts[p] = new RolloutPart(device, memory, steps, from, to);
            }
            complete = true;
        } finally {
            if (!complete) {
                memory.close();
                arena.close();
            }
        }
    }

    /** A buffer whose games all step together. */
    public ExperienceBuffer(Device device, int steps, int games, int recordBytes, int actionCount) {
        this(device, steps, games, recordBytes, actionCount, 1);
    }

    /** The views of one step, rows of one part's games. */
    record StepSlices(
            Slice packed, Slice masks, Slice actions, Slice logProbabilities, Slice values, Slice finalValues) {}

    /** Capacity in steps, T. */
    public int capacitySteps() {
        return steps;
    }

    /** Games, N. */
    public int games() {
        return games;
    }

    /** Ranges of games that step by themselves; 1 where all step together. */
    public int parts() {
        return parts.length;
    }

    /** First game of a part; of the part after the last, N. */
    public int firstGame(int part) {
        return part == parts.length ? games : parts[part].from();
    }

    /** Games of a part. */
    public int games(int part) {
        return parts[part].games();
    }

    /** Whether a part's step was opened and not yet completed. */
    public boolean isOpen(int part) {
        return parts[part].isOpen();
    }

    /** Bytes of a packed position. */
    public int recordBytes() {
        return recordBytes;
    }

    /** Words of a legal-move mask. */
    public int maskWords() {
        return maskWords;
    }

    /** Steps completed since {@link #clear()}, by all parts. */
    public int size() {
        int size = steps;
        for (RolloutPart part : parts) {
            size = Math.min(size, part.completed());
        }
        return size;
    }

    /** Rows held: completed steps times games. */
    public int rows() {
        return size() * games;
    }

    /** Whether no further step fits. */
    public boolean isFull() {
        return size() == steps;
    }

    /** Whether nothing was recorded since {@link #clear()}. */
    public boolean isEmpty() {
        return size() == 0;
    }

    /** Whether {@link PpoAgent#finishRollout} was called, so that an update may use the contents. */
    public boolean isFinished() {
        return state == State.FINISHED;
    }

    /** Device memory held, in bytes. */
    public long bytes() {
        return memory.bytes();
    }

    /** Forgets the contents; the memory stays. Also leaves steps that were opened and never completed. */
    public void clear() {
        if (state == State.CLOSED) {
            throw new IllegalStateException("experience buffer is closed");
        }
        state = State.FILLING;
        for (RolloutPart part : parts) {
            part.clear();
        }
        outcomes.clear();
        advantagesComputed = false;
    }

    /** Frees the memory; further calls of this method do nothing. */
    @Override
    public void close() {
        if (state != State.CLOSED) {
            state = State.CLOSED;
            for (RolloutPart part : parts) {
                part.close();
            }
            memory.close();
            arena.close();
        }
    }

    /**
     * Opens a part's next step: positions {@code [games(part), recordBytes]} and masks {@code [games(part), maskWords]}
     * go to the device.
     */
    StepSlices beginStep(int part, MemorySegment packedPositions, MemorySegment legalMasks) {
        RolloutPart p = parts[part];
        requireFilling("begin a step");
        requireNoOpenStep(p, "begin a step");
        if (p.isFull()) {
            throw new IllegalStateException(
                    "experience buffer is full (%d of %d steps): finish the rollout, update, and clear it"
                            .formatted(p.completed(), steps));
        }
        requireBytes("packed positions", packedPositions, (long) games(part) * recordBytes);
        requireBytes("legal-move masks", legalMasks, (long) games(part) * maskWords * Integer.BYTES);
        StepSlices slices = p.step();
        device.write(slices.packed(), packedPositions);
        device.write(slices.masks(), legalMasks);
        p.open();
        return slices;
    }

    /** A part whose step {@link #beginStep} opened. */
    RolloutPart openPart(int part) {
        requireFilling("record an outcome");
        if (!parts[part].isOpen()) {
            throw outOfOrder("record an outcome", "no step is open: call PpoAgent.act first");
        }
        return parts[part];
    }

    /** Completes the open step. Arrays have an element for each of all games; the part's are read. */
    void completeStep(int part, float[] reward, byte[] terminatedFlags, byte[] truncatedFlags) {
        RolloutPart p = openPart(part);
        requireLength("reward", reward.length);
        requireLength("terminated", terminatedFlags.length);
        requireLength("truncated", truncatedFlags.length);
        outcomes.put(p.completed(), p.from(), p.to(), reward, terminatedFlags, truncatedFlags);
        p.complete();
    }

    /** What the environment said so far. */
    RolloutOutcomes outcomes() {
        return outcomes;
    }

    /** Checks that {@link #finish} may be called. */
    void requireFinishable() {
        String what = "finish the rollout";
        requireFilling(what);
        int most = 0;
        for (RolloutPart part : parts) {
            requireNoOpenStep(part, what);
            most = Math.max(most, part.completed());
        }
        if (most != size()) {
            throw outOfOrder(what, "some games have completed %d steps, others %d".formatted(most, size()));
        }
        requireNotEmpty();
    }

    /**
     * Ends the rollout and copies its outcomes to the device. Final values of truncated games must be in place.
     *
     * @return where the values of the positions after the last step go, {@code [N]}
     */
    Slice finish() {
        requireFinishable();
        outcomes.writeRewards(filled(memory.rewards));
        outcomes.writeTerminated(device, filled(memory.terminated));
        outcomes.writeTruncated(device, filled(memory.truncated));
        outcomes.writeFinalValues(filled(memory.finalValues));
        state = State.FINISHED;
        return memory.lastValue.all();
    }

    /**
     * Generalised advantage estimation over the completed steps, the only place that knows the sign between successive
     * steps; see {@link keisei.device.RolloutKernels#gae}. The seeds call it {@code compute_advantages_and_returns}.
     *
     * @param sign {@link PpoAgent#SELF_PLAY_SIGN} where the players alternate, +1 for a single agent
     * @throws IllegalStateException when the rollout is empty or not finished
     */
    public void computeAdvantagesAndReturns(double gamma, double lambda, double sign) {
        if (state != State.CLOSED) {
            requireNotEmpty();
        }
        if (state != State.FINISHED) {
            requireFilling("compute advantages");
            throw outOfOrder("compute advantages", "the rollout is not finished: call PpoAgent.finishRollout first");
        }
        device.rollout()
                .gae(
                        size(),
                        games,
                        gamma,
                        lambda,
                        sign,
                        filled(memory.rewards),
                        filled(memory.values),
                        memory.lastValue.all(),
                        filled(memory.finalValues),
                        filled(memory.terminated),
                        filled(memory.truncated),
                        filled(memory.advantages),
                        filled(memory.returns));
        advantagesComputed = true;
    }

    /**
     * {@code A = (A - mean) / (std + 1e-8)} over the whole rollout, with the unbiased deviation; fewer than two rows
     * stay as they are.
     *
     * @throws IllegalStateException when advantages were not computed
     */
    public void normalizeAdvantages() {
        requireAdvantages();
        device.rollout().normalize(filled(memory.advantages), NORMALIZE_EPSILON);
    }

    /** Advantages {@code [rows]}, a view valid until {@link #clear()}. */
    public Slice advantages() {
        requireAdvantages();
        return filled(memory.advantages);
    }

    /** Returns (targets of the value), {@code [rows]}, a view valid until {@link #clear()}. */
    public Slice returns() {
        requireAdvantages();
        return filled(memory.returns);
    }

    /** Values that the rollout's network gave, {@code [rows]}. */
    public Slice values() {
        return filled(memory.values);
    }

    /** Actions taken, {@code [rows]} I32. */
    public Slice actions() {
        return filled(memory.actions);
    }

    /** Log-probabilities of the actions taken, {@code [rows]}. */
    public Slice logProbabilities() {
        return filled(memory.logProbabilities);
    }

    /** Values of the positions at which truncated games stopped, {@code [rows]}; defined only where truncated. */
    public Slice finalValues() {
        return filled(memory.finalValues);
    }

    /** Legal-move masks, {@code [rows, maskWords]} I32. */
    public Slice masks() {
        return memory.masks.all().range(0, rows() * maskWords);
    }

    /** Packed positions, {@code [rows, recordBytes]} U8. */
    public Slice packed() {
        return memory.packed.all().range(0, rows() * recordBytes);
    }

    /** Values of the positions after the last step, {@code [N]}. */
    public Slice lastValue() {
        return memory.lastValue.all();
    }

    Device device() {
        return device;
    }

    private Slice filled(DeviceBuffer buffer) {
        return buffer.all().range(0, rows());
    }

    private static void requireNoOpenStep(RolloutPart part, String what) {
        if (part.isOpen()) {
            throw outOfOrder(what, "step " + part.completed() + " is open: call PpoAgent.record first");
        }
    }

    private void requireFilling(String what) {
        switch (state) {
            case FILLING -> {}
            case FINISHED -> throw outOfOrder(what, "the rollout is finished: call clear() first");
            case CLOSED -> throw outOfOrder(what, "the buffer is closed");
        }
    }

    private static IllegalStateException outOfOrder(String what, String reason) {
        return new IllegalStateException("experience buffer cannot " + what + ": " + reason);
    }

    private void requireNotEmpty() {
        if (isEmpty()) {
            throw new IllegalStateException("experience buffer is empty: record at least one step");
        }
    }

    private void requireAdvantages() {
        if (!advantagesComputed) {
            throw new IllegalStateException("advantages are not there: call computeAdvantagesAndReturns first");
        }
    }

    private void requireLength(String what, int length) {
        if (length != games) {
            throw new IllegalArgumentException(
                    "%s has %d elements, expected one a game: %d".formatted(what, length, games));
        }
    }

    private static void requireBytes(String what, MemorySegment segment, long bytes) {
        if (segment.byteSize() < bytes) {
            throw new IllegalArgumentException(
                    "%s have %d bytes, expected at least %d".formatted(what, segment.byteSize(), bytes));
        }
    }

    private static void requirePositive(String field, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("experience buffer: %s is %d, must be >= 1".formatted(field, value));
        }
    }
}
