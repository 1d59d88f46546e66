package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.ElementwiseKernels;
import keisei.device.PlaneProgram;
import keisei.device.RecordedWork;
import keisei.device.Slice;
import keisei.nn.ActorCritic;
import keisei.random.RandomStream;
import org.jspecify.annotations.Nullable;

/**
 * Runs a model on packed positions that lie in host memory: expands planes on the device, then samples actions, takes
 * the most probable ones, or reads values. Memory is sized once, for {@code maxBatch} positions. Owns its memory, not
 * the model. Not thread-safe.
 */
public final class PolicyInference implements AutoCloseable {
    private final ActorCritic model;
    private final Device device;
    private final PlaneProgram program;
    private final int maxBatch;
    private final int maskWords;
    private final DeviceAllocations memory;
    private final Arena arena = Arena.ofShared();
    private final DeviceBuffer packed;
    private final DeviceBuffer masks;
    private final DeviceBuffer planes;
    private final DeviceBuffer logits;
    private final DeviceBuffer uniforms;
    private final DeviceBuffer actions;
    private final DeviceBuffer logProbabilities;
    private final DeviceBuffer values;
    private final List<Views> prepared = new ArrayList<>();
    private final HostReals hostReals;
    private final MemorySegment hostActions;
    private boolean closed;

    /** @throws IllegalArgumentException when the program's board or channels are not the model's */
    public PolicyInference(ActorCritic model, PlaneProgram program, int maxBatch) {
        requireMatching(model, program);
        if (maxBatch < 1) {
            throw new IllegalArgumentException("maxBatch is " + maxBatch + ", must be >= 1");
        }
        this.model = model;
        this.device = model.device();
        this.program = program;
        this.maxBatch = maxBatch;
        this.maskWords = (model.spec().actions() + 31) / 32;
        this.memory = new DeviceAllocations(device, "inference");
        DType real = device.realType();
        packed = memory.allocate(DType.U8, maxBatch, program.recordBytes(), "packed positions");
        masks = memory.allocate(DType.I32, maxBatch, maskWords, "legal-move masks");
        planes = memory.allocate(device.activationType(), maxBatch, planeCount(program), "planes");
        logits = memory.allocate(real, maxBatch, model.spec().actions(), "logits");
        uniforms = memory.allocate(real, maxBatch, 1, "uniforms");
        actions = memory.allocate(DType.I32, maxBatch, 1, "actions");
        logProbabilities = memory.allocate(real, maxBatch, 1, "log-probabilities");
        values = memory.allocate(real, maxBatch, 1, "values");
        hostReals = new HostReals(device, arena, maxBatch);
        hostActions = arena.allocate((long) maxBatch * Integer.BYTES, 64);
        try {
            model.reserve(maxBatch);
            prepare(maxBatch);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Makes sampling of batches of this size a {@link Device#record recording} without further allocation, as that of
     * the largest size is from the start.
     */
    void prepare(int count) {
        if (preparedViews(count) == null) {
            Views views = makeViews(count);
            prepared.add(views.recorded(device.record("policy sampling", () -> sample(views))));
        }
    }

    /** Positions a call may have at most. */
    public int maxBatch() {
        return maxBatch;
    }

    /**
     * Samples an action a position (the seeds' {@code get_action_and_value}, not deterministic).
     *
     * @param packedPositions {@code [count, recordBytes]}
     * @param legalMasks {@code [count, maskWords]} I32
     * @param random draws one number a position
     * @param actionsOut receives {@code count} actions
     */
    public void sample(
            int count, MemorySegment packedPositions, MemorySegment legalMasks, RandomStream random, int[] actionsOut) {
        requireRoom(count, actionsOut);
        Views v = views(count);
        device.write(v.packed, packedPositions);
        device.write(v.masks, legalMasks);
        sampleActions(v, random);
        readActions(v.actions, count, actionsOut);
    }

    /** The most probable legal action a position (the seeds' {@code deterministic=True}); otherwise as {@link #sample}. */
    public void greedy(int count, MemorySegment packedPositions, MemorySegment legalMasks, int[] actionsOut) {
        requireRoom(count, actionsOut);
        Views v = upload(count, packedPositions, legalMasks);
        model.greedyActionAndValue(count, v.planes, v.masks, v.logits, v.actions, v.logProbabilities, v.values);
        readActions(v.actions, count, actionsOut);
    }

    /**
     * Values for the side to move (the seeds' {@code get_value}).
     *
     * @param packedPositions {@code [count, recordBytes]}
     * @param valuesOut receives {@code count} values
     */
    public void values(int count, MemorySegment packedPositions, double[] valuesOut) {
        if (valuesOut.length < count) {
            throw new IllegalArgumentException(
                    "room for %d values, expected at least %d".formatted(valuesOut.length, count));
        }
        Views v = views(count);
        device.write(v.packed, packedPositions);
        valuesInto(count, v.packed, v.values);
        hostReals.readFrom(v.values);
        for (int i = 0; i < count; i++) {
            valuesOut[i] = hostReals.get(i);
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            for (Views views : prepared) {
                Objects.requireNonNull(views.sampling).close();
            }
            memory.close();
            arena.close();
        }
    }

    /** Expands packed positions in device memory and samples into device memory; waits for nothing. */
    void sampleFrom(
            int count,
            Slice packedPositions,
            Slice legalMasks,
            RandomStream random,
            Slice action,
            Slice logProbability,
            Slice value) {
        Views v = views(count);
        ElementwiseKernels elementwise = device.elementwise();
        elementwise.copy(packedPositions, v.packed);
        elementwise.copy(legalMasks, v.masks);
        sampleActions(v, random);
        elementwise.copy(v.actions, action);
        elementwise.copy(v.logProbabilities, logProbability);
        elementwise.copy(v.values, value);
    }

    /** Values of packed positions in device memory, into device memory. */
    void valuesInto(int count, Slice packedPositions, Slice value) {
        Views v = views(count);
        device.rollout().expandPlanes(count, program, packedPositions, v.planes);
        model.forward(count, v.planes, v.logits, value);
    }

    /** Shows positions in host memory to the model's running statistics. */
    void observe(int count, MemorySegment packedPositions, double momentum) {
        Views v = views(count);
        device.write(v.packed, packedPositions);
        device.rollout().expandPlanes(count, program, v.packed, v.planes);
        model.observeStatistics(count, v.planes, momentum);
    }

    static void requireMatching(ActorCritic model, PlaneProgram program) {
        int size = model.spec().boardSize();
        int channels = model.spec().paddedChannels();
        if (program.height() != size || program.width() != size || program.channels() != channels) {
            throw new IllegalArgumentException("plane program makes %dx%dx%d images, the model takes %dx%dx%d"
                    .formatted(program.height(), program.width(), program.channels(), size, size, channels));
        }
    }

    static int planeCount(PlaneProgram program) {
        return program.height() * program.width() * program.channels();
    }

    /** From packed positions and masks to actions, log-probabilities and values, all in {@code v}. */
    private void sampleActions(Views v, RandomStream random) {
        for (int i = 0; i < v.count; i++) {
            // 24 random bits: below 1 also after rounding to float32, and the same number on every device.
            hostReals.set(i, random.nextFloat());
        }
        hostReals.writeTo(v.uniforms);
        if (v.sampling == null) {
            sample(v);
        } else {
            model.refresh();
            v.sampling.run();
        }
    }

    private void sample(Views v) {
        device.rollout().expandPlanes(v.count, program, v.packed, v.planes);
        model.sampleActionAndValue(
                v.count, v.planes, v.masks, v.uniforms, v.logits, v.actions, v.logProbabilities, v.values);
    }

    private Views upload(int count, MemorySegment packedPositions, MemorySegment legalMasks) {
        Views v = views(count);
        device.write(v.packed, packedPositions);
        device.write(v.masks, legalMasks);
        device.rollout().expandPlanes(count, program, v.packed, v.planes);
        return v;
    }

    private void readActions(Slice action, int count, int[] actionsOut) {
        device.read(action, hostActions);
        MemorySegment.copy(hostActions, ValueLayout.JAVA_INT, 0, actionsOut, 0, count);
    }

    private Views views(int count) {
        if (count < 1 || count > maxBatch) {
            throw new IllegalArgumentException("%d positions, allowed are 1 to %d".formatted(count, maxBatch));
        }
        Views known = preparedViews(count);
        return known == null ? makeViews(count) : known;
    }

    private @Nullable Views preparedViews(int count) {
        for (int i = 0; i < prepared.size(); i++) {
            if (prepared.get(i).count == count) {
                return prepared.get(i);
            }
        }
        return null;
    }

    private Views makeViews(int count) {
        return new Views(
                count,
                new Slice(packed, 0, count * program.recordBytes()),
                new Slice(masks, 0, count * maskWords),
                new Slice(planes, 0, count * planeCount(program)),
                new Slice(logits, 0, count * model.spec().actions()),
                new Slice(uniforms, 0, count),
                new Slice(actions, 0, count),
                new Slice(logProbabilities, 0, count),
                new Slice(values, 0, count),
                null);
    }

    private static void requireRoom(int count, int[] actionsOut) {
        if (actionsOut.length < count) {
            throw new IllegalArgumentException(
                    "room for %d actions, expected at least %d".formatted(actionsOut.length, count));
        }
    }

    /** The operands for one batch size, with the recording where one was prepared. */
    private record Views(
            int count,
            Slice packed,
            Slice masks,
            Slice planes,
            Slice logits,
            Slice uniforms,
            Slice actions,
            Slice logProbabilities,
            Slice values,
            @Nullable RecordedWork sampling) {
        Views recorded(RecordedWork work) {
            return new Views(count, packed, masks, planes, logits, uniforms, actions, logProbabilities, values, work);
        }
    }
}
