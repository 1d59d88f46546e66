package keisei.evaluation;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;
import keisei.env.ActionSpace;
import keisei.env.FeatureSpec;
import keisei.env.ObservationView;
import keisei.env.PositionPacker;
import keisei.nn.ActorCritic;
import keisei.random.RandomStream;
import keisei.shogi.Color;
import keisei.shogi.Game;
import keisei.shogi.Position;

/**
 * Plays a network's policy: the most probable legal move, or one drawn from the policy. Games go through the device in
 * batches. Owns its device buffers and staging memory, not the model; close it before the device. Nothing is
 * allocated on the device or in native memory after construction, but by the model when it first sees a batch size.
 */
public final class PolicyPlayer implements Player {
    /** How a move is chosen from the policy. */
    public enum Choice {
        /** The most probable move, the first of equals. */
        GREEDY,
        /** Drawn from the distribution. */
        SAMPLED
    }

    private static final String OWNER = "policy player";

    private final String name;
    private final ActorCritic model;
    private final FeatureSpec features;
    private final ActionSpace actions;
    private final Choice choice;
    private final RandomStream random;
    private final int batch;
    private final PositionPacker packer;
    private final int[] legalMoves = new int[Position.MAX_MOVES];
    private final int[] maskRow;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment hostPacked;
    private final MemorySegment hostMask;
    private final MemorySegment hostUniforms;
    private final MemorySegment hostActions;

    private final DeviceBuffer packed;
    private final DeviceBuffer mask;
    private final DeviceBuffer planes;
    private final DeviceBuffer logits;
    private final DeviceBuffer uniforms;
    private final DeviceBuffer action;
    private final DeviceBuffer logProbability;
    private final DeviceBuffer value;

    /**
     * A player for a model.
     *
     * @param name short name for tables
     * @param features planes the model was built for
     * @param actions action space the model was built for
     * @param view the view the model was trained with
     * @param random for sampled moves; shared with nobody
     * @param batch most games that go to the device at once, at least 1
     * @throws IllegalArgumentException when model, features and actions do not fit each other; names both sides
     */
    public PolicyPlayer(
            String name,
            ActorCritic model,
            FeatureSpec features,
            ActionSpace actions,
            ObservationView view,
            Choice choice,
            RandomStream random,
            int batch) {
        requireFitting(model, features, actions, batch);
        this.name = name;
        this.model = model;
        this.features = features;
        this.actions = actions;
        this.choice = choice;
        this.random = random;
        this.batch = batch;
        this.packer = new PositionPacker(features.variant(), view);
        this.maskRow = new int[actions.maskWords()];
        int squares = features.variant().squares();
        Device device = model.device();
        DType real = device.realType();
        this.hostPacked = arena.allocate((long) batch * features.recordBytes(), 64);
        this.hostMask = arena.allocate((long) batch * maskRow.length * Integer.BYTES, 64);
        this.hostUniforms = arena.allocate((long) batch * real.bytes(), 64);
        this.hostActions = arena.allocate((long) batch * Integer.BYTES, 64);
        this.packed = device.allocate(DType.U8, batch * features.recordBytes(), OWNER);
        this.mask = device.allocate(DType.I32, batch * maskRow.length, OWNER);
        this.planes = device.allocate(real, Math.multiplyExact(batch, squares * features.channels()), OWNER);
        this.logits = device.allocate(real, Math.multiplyExact(batch, actions.totalActions()), OWNER);
        this.uniforms = device.allocate(real, batch, OWNER);
        this.action = device.allocate(DType.I32, batch, OWNER);
        this.logProbability = device.allocate(real, batch, OWNER);
        this.value = device.allocate(real, batch, OWNER);
    }

    private static void requireFitting(ActorCritic model, FeatureSpec features, ActionSpace actions, int batch) {
        StringBuilder problems = new StringBuilder();
        if (model.spec().inputChannels() != features.planes()) {
            problems.append(" the model has %d input channels, features '%s' have %d planes;"
                    .formatted(model.spec().inputChannels(), features.name(), features.planes()));
        }
        if (model.spec().actions() != actions.totalActions()) {
            problems.append(" the model has %d actions, action space '%s' has %d;"
                    .formatted(model.spec().actions(), actions.name(), actions.totalActions()));
        }
        if (model.spec().boardSize() != features.variant().size() || actions.variant() != features.variant()) {
            problems.append(" the model is for a board of size %d, features are for %s, actions for %s;"
                    .formatted(
                            model.spec().boardSize(),
                            features.variant().id(),
                            actions.variant().id()));
        }
        if (batch < 1) {
            problems.append(" batch %d is less than 1;".formatted(batch));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("policy player:" + problems);
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void choose(int count, Game[] games, int[] moves) {
        for (int first = 0; first < count; first += batch) {
            chooseBatch(games, first, Math.min(batch, count - first), moves);
        }
    }

    private void chooseBatch(Game[] games, int first, int rows, int[] moves) {
        for (int row = 0; row < rows; row++) {
            writeRow(games[first + row], row);
        }
        Device device = model.device();
        int squares = features.variant().squares();
        Slice packedRows = packed.all().range(0, rows * features.recordBytes());
        Slice maskRows = mask.all().range(0, rows * maskRow.length);
        Slice planeRows = planes.all().range(0, rows * squares * features.channels());
        Slice logitRows = logits.all().range(0, rows * actions.totalActions());
        Slice actionRows = action.all().range(0, rows);
        Slice logProbabilityRows = logProbability.all().range(0, rows);
        Slice valueRows = value.all().range(0, rows);
        device.write(packedRows, hostPacked);
        device.write(maskRows, hostMask);
        device.rollout().expandPlanes(rows, features.program(), packedRows, planeRows);
        if (choice == Choice.GREEDY) {
            model.greedyActionAndValue(rows, planeRows, maskRows, logitRows, actionRows, logProbabilityRows, valueRows);
        } else {
            Slice uniformRows = uniforms.all().range(0, rows);
            drawUniforms(rows, uniforms.dtype());
            device.write(uniformRows, hostUniforms);
            model.sampleActionAndValue(
                    rows, planeRows, maskRows, uniformRows, logitRows, actionRows, logProbabilityRows, valueRows);
        }
        device.read(actionRows, hostActions);
        for (int row = 0; row < rows; row++) {
            Color mover = games[first + row].position().sideToMove();
            moves[first + row] = actions.decode(hostActions.getAtIndex(ValueLayout.JAVA_INT, row), mover);
        }
    }

    private void writeRow(Game game, int row) {
        packer.write(game, hostPacked, (long) row * features.recordBytes());
        int count = game.legalMoveCount();
        for (int i = 0; i < count; i++) {
            legalMoves[i] = game.legalMove(i);
        }
        Arrays.fill(maskRow, 0);
        actions.setLegalBits(legalMoves, count, game.position().sideToMove(), maskRow);
        MemorySegment.copy(
                maskRow,
                0,
                hostMask,
                ValueLayout.JAVA_INT,
                (long) row * maskRow.length * Integer.BYTES,
                maskRow.length);
    }

    private void drawUniforms(int rows, DType type) {
        for (int row = 0; row < rows; row++) {
            if (type == DType.F64) {
                hostUniforms.setAtIndex(ValueLayout.JAVA_DOUBLE, row, random.nextDouble());
            } else {
                hostUniforms.setAtIndex(ValueLayout.JAVA_FLOAT, row, random.nextFloat());
            }
        }
    }

    @Override
    public void close() {
        packed.close();
        mask.close();
        planes.close();
        logits.close();
        uniforms.close();
        action.close();
        logProbability.close();
        value.close();
        arena.close();
    }
}
