package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;

/**
 * The experience of one rollout, {@code [T, N]} (time outside, game inside), in device memory that is allocated once
 * and reused. Positions are kept as packed records and legal moves as mask words; planes are made from them again when
 * they are needed.
 *
 * <p>Life of a rollout: for each step {@code PpoAgent.act} opens it and {@code PpoAgent.record} completes it; then
 * {@code PpoAgent.finishRollout}, {@code PpoAgent.update}, {@link #clear()}. A rollout may be finished before the
 * buffer is full. Calls out of this order are an {@link IllegalStateException} that says what was expected.
 *
 * <p>Owns its memory. Not thread-safe.
 */
public final class ExperienceBuffer implements AutoCloseable {
    /** Owner of the memory in {@link Device#memory()}. */
    public static final String OWNER = "rollout";

    private static final double NORMALIZE_EPSILON = 1e-8;

    private enum State {
        READY,
        STEP_OPEN,
        FINISHED,
        CLOSED
    }

    private final Device device;
    private final int steps;
    private final int games;
    private final int recordBytes;
    private final int maskWords;
    private final DeviceAllocations memory;
    private final Arena arena = Arena.ofShared();
    private final DeviceBuffer packed;
    private final DeviceBuffer masks;
    private final DeviceBuffer actions;
    private final DeviceBuffer logProbabilities;
    private final DeviceBuffer values;
    private final DeviceBuffer rewards;
    private final DeviceBuffer finalValues;
    private final DeviceBuffer terminated;
    private final DeviceBuffer truncated;
    private final DeviceBuffer advantages;
    private final DeviceBuffer returns;
    private final DeviceBuffer lastValue;
    private final StepSlices[] stepSlices;
    private final HostReals hostReals;
    private final MemorySegment hostFlags;

    private State state = State.READY;
    private int size;
    private boolean advantagesComputed;

    /**
     * @param steps T, capacity in steps
     * @param games N
     * @param recordBytes size of a packed position
     * @param actionCount size of the action space; masks take {@code ceil(actionCount / 32)} words
     * @throws IllegalArgumentException when a size is not positive, or an array would be too long for one buffer
     */
    public ExperienceBuffer(Device device, int steps, int games, int recordBytes, int actionCount) {
        requirePositive("steps", steps);
        requirePositive("games", games);
        requirePositive("recordBytes", recordBytes);
        requirePositive("actionCount", actionCount);
        this.device = device;
        this.steps = steps;
        this.games = games;
        this.recordBytes = recordBytes;
        this.maskWords = (actionCount + 31) / 32;
        this.memory = new DeviceAllocations(device, OWNER);
        long rows = (long) steps * games;
        DType real = device.realType();
        packed = memory.allocate(DType.U8, rows, recordBytes, "packed positions");
        masks = memory.allocate(DType.I32, rows, maskWords, "legal-move masks");
        actions = memory.allocate(DType.I32, rows, 1, "actions");
        logProbabilities = memory.allocate(real, rows, 1, "log-probabilities");
        values = memory.allocate(real, rows, 1, "values");
        rewards = memory.allocate(real, rows, 1, "rewards");
        finalValues = memory.allocate(real, rows, 1, "final values");
        terminated = memory.allocate(DType.U8, rows, 1, "terminated flags");
        truncated = memory.allocate(DType.U8, rows, 1, "truncated flags");
        advantages = memory.allocate(real, rows, 1, "advantages");
        returns = memory.allocate(real, rows, 1, "returns");
        lastValue = memory.allocate(real, games, 1, "last values");
        stepSlices = new StepSlices[steps];
        for (int t = 0; t < steps; t++) {
            stepSlices[t] = new StepSlices(
                    step(packed, t, recordBytes),
                    step(masks, t, maskWords),
                    step(actions, t, 1),
                    step(logProbabilities, t, 1),
                    step(values, t, 1),
                    step(rewards, t, 1),
                    step(finalValues, t, 1),
                    step(terminated, t, 1),
                    step(truncated, t, 1));
        }
        hostReals = new HostReals(device, arena, games);
        hostFlags = arena.allocate(games, 64);
    }

    /** The views of one step, rows of all games. */
    record StepSlices(
            Slice packed,
            Slice masks,
            Slice actions,
            Slice logProbabilities,
            Slice values,
            Slice rewards,
            Slice finalValues,
            Slice terminated,
            Slice truncated) {}

    /** Capacity in steps, T. */
    public int capacitySteps() {
        return steps;
    }

    /** Games, N. */
    public int games() {
        return games;
    }

    /** Bytes of a packed position. */
    public int recordBytes() {
        return recordBytes;
    }

    /** Words of a legal-move mask. */
    public int maskWords() {
        return maskWords;
    }

    /** Steps completed since {@link #clear()}. */
    public int size() {
        return size;
    }

    /** Rows held: completed steps times games. */
    public int rows() {
        return size * games;
    }

    /** Whether no further step fits. */
    public boolean isFull() {
        return size == steps;
    }

    /** Whether nothing was recorded since {@link #clear()}. */
    public boolean isEmpty() {
        return size == 0;
    }

    /** Whether {@code PpoAgent.finishRollout} was called, so that an update may use the contents. */
    public boolean isFinished() {
        return state == State.FINISHED;
    }

    /** Device memory held, in bytes. */
    public long bytes() {
        return memory.bytes();
    }

    /** Forgets the contents; the memory stays. Also leaves a step that was opened and never completed. */
    public void clear() {
        if (state == State.CLOSED) {
            throw new IllegalStateException("experience buffer is closed");
        }
        state = State.READY;
        size = 0;
        advantagesComputed = false;
    }

    /** Frees the memory; further calls of this method do nothing. */
    @Override
    public void close() {
        if (state != State.CLOSED) {
            state = State.CLOSED;
            memory.close();
            arena.close();
        }
    }

    /** Opens the next step: positions {@code [N, recordBytes]} and masks {@code [N, maskWords]} go to the device. */
    StepSlices beginStep(MemorySegment packedPositions, MemorySegment legalMasks) {
        require(State.READY, "begin a step");
        if (isFull()) {
            throw new IllegalStateException(
                    "experience buffer is full (%d of %d steps): finish the rollout, update, and clear it"
                            .formatted(size, steps));
        }
        requireBytes("packed positions", packedPositions, (long) games * recordBytes);
        requireBytes("legal-move masks", legalMasks, (long) games * maskWords * Integer.BYTES);
        StepSlices slices = stepSlices[size];
        device.write(slices.packed(), packedPositions);
        device.write(slices.masks(), legalMasks);
        state = State.STEP_OPEN;
        return slices;
    }

    /** The views of the step that {@link #beginStep} opened. */
    StepSlices openStep() {
        require(State.STEP_OPEN, "record an outcome");
        return stepSlices[size];
    }

    /** Completes the open step. Final values of truncated games must be in place. */
    void completeStep(float[] reward, byte[] terminatedFlags, byte[] truncatedFlags) {
        StepSlices slices = openStep();
        requireLength("reward", reward.length);
        requireLength("terminated", terminatedFlags.length);
        requireLength("truncated", truncatedFlags.length);
        for (int game = 0; game < games; game++) {
            hostReals.set(game, reward[game]);
        }
        hostReals.writeTo(slices.rewards());
        writeFlags(terminatedFlags, slices.terminated());
        writeFlags(truncatedFlags, slices.truncated());
        size++;
        state = State.READY;
    }

    /** Where the values of the positions after the last step go, {@code [N]}; ends the rollout. */
    Slice finish() {
        require(State.READY, "finish the rollout");
        requireNotEmpty();
        state = State.FINISHED;
        return lastValue.all();
    }

    /**
     * Generalised advantage estimation over the completed steps, the only place that knows the sign between successive
     * steps; see {@link keisei.device.RolloutKernels#gae}. The seeds call it {@code compute_advantages_and_returns}.
     *
     * @param sign {@code PpoAgent.SELF_PLAY_SIGN} where the players alternate, +1 for a single agent
     * @throws IllegalStateException when the rollout is empty or not finished
     */
    public void computeAdvantagesAndReturns(double gamma, double lambda, double sign) {
        if (state != State.CLOSED) {
            requireNotEmpty();
        }
        require(State.FINISHED, "compute advantages");
        device.rollout()
                .gae(
                        size,
                        games,
                        gamma,
                        lambda,
                        sign,
                        filled(rewards),
                        filled(values),
                        lastValue.all(),
                        filled(finalValues),
                        filled(terminated),
                        filled(truncated),
                        filled(advantages),
                        filled(returns));
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
        device.rollout().normalize(filled(advantages), NORMALIZE_EPSILON);
    }

    /** Advantages {@code [rows]}, a view valid until {@link #clear()}. */
    public Slice advantages() {
        requireAdvantages();
        return filled(advantages);
    }

    /** Returns (targets of the value), {@code [rows]}, a view valid until {@link #clear()}. */
    public Slice returns() {
        requireAdvantages();
        return filled(returns);
    }

    /** Values that the rollout's network gave, {@code [rows]}. */
    public Slice values() {
        return filled(values);
    }

    /** Actions taken, {@code [rows]} I32. */
    public Slice actions() {
        return filled(actions);
    }

    /** Log-probabilities of the actions taken, {@code [rows]}. */
    public Slice logProbabilities() {
        return filled(logProbabilities);
    }

    /** Values of the positions at which truncated games stopped, {@code [rows]}; defined only where truncated. */
    public Slice finalValues() {
        return filled(finalValues);
    }

    /** Legal-move masks, {@code [rows, maskWords]} I32. */
    public Slice masks() {
        return masks.all().range(0, rows() * maskWords);
    }

    /** Packed positions, {@code [rows, recordBytes]} U8. */
    public Slice packed() {
        return packed.all().range(0, rows() * recordBytes);
    }

    /** Values of the positions after the last step, {@code [N]}. */
    public Slice lastValue() {
        return lastValue.all();
    }

    Device device() {
        return device;
    }

    private Slice filled(DeviceBuffer buffer) {
        return buffer.all().range(0, rows());
    }

    private Slice step(DeviceBuffer buffer, int t, int rowLength) {
        return buffer.all().range(t * games * rowLength, games * rowLength);
    }

    private void writeFlags(byte[] flags, Slice destination) {
        MemorySegment.copy(flags, 0, hostFlags, ValueLayout.JAVA_BYTE, 0, games);
        device.write(destination, hostFlags);
    }

    private void require(State expected, String what) {
        if (state == expected) {
            return;
        }
        String reason = switch (state) {
            case READY ->
                expected == State.STEP_OPEN
                        ? "no step is open: call PpoAgent.act first"
                        : "the rollout is not finished: call PpoAgent.finishRollout first";
            case STEP_OPEN -> "step " + size + " is open: call PpoAgent.record first";
            case FINISHED -> "the rollout is finished: call clear() first";
            case CLOSED -> "the buffer is closed";
        };
        throw new IllegalStateException("experience buffer cannot " + what + ": " + reason);
    }

    private void requireNotEmpty() {
        if (size == 0) {
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
