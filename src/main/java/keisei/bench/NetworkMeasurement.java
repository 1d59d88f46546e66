package keisei.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import keisei.device.AdamSettings;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.RecordedWork;
import keisei.device.Slice;
import keisei.env.ActionSpace;
import keisei.env.ActionSpaces;
import keisei.env.EnvSettings;
import keisei.env.FeatureSpec;
import keisei.env.Perspective;
import keisei.env.StepResult;
import keisei.env.VecShogiEnv;
import keisei.nn.ActorCritic;
import keisei.nn.ModelRegistry;
import keisei.nn.ModelSpec;
import keisei.nn.Normalization;
import keisei.nn.TrainingPass;
import keisei.optim.AdamOptimizer;
import keisei.ppo.PolicyInference;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.GameRules;
import keisei.shogi.Variant;

/**
 * One network (46 planes, 3,781 actions, squeeze-and-excitation 0.25) on any device, measured one sample at a time, so
 * that another program can be measured between two samples.
 */
public final class NetworkMeasurement implements AutoCloseable {
    private static final int PLY_LIMIT = 500;
    private static final int OPENING_PLIES = 24;
    private static final double SE_RATIO = 0.25;
    private static final long SAMPLE_NANOS = 250_000_000L;

    private static final FeatureSpec FEATURES = FeatureSpec.of("core46", Variant.SHOGI, PLY_LIMIT);
    private static final ActionSpace ACTIONS = ActionSpaces.byName("compact", Variant.SHOGI);
    private static final AdamSettings ADAM = new AdamSettings(0.9, 0.999, 1e-8, 0, false, 0.5);
    private static final PpoLossSettings LOSS = new PpoLossSettings(0.2, 0.5, 0.01, false);

    /** What is measured. */
    public enum Work {
        /** Inference from planes on the device to logits and values on the device. */
        FORWARD,
        /** From packed positions in host memory to sampled actions in host memory. */
        SAMPLE,
        /** A gradient step from planes on the device: forward, PPO loss, backward, clipping, Adam. */
        TRAIN
    }

    private final Device device;
    private final ActorCritic model;
    private final AdamOptimizer optimizer;
    private final Map<String, Runnable> prepared = new HashMap<>();
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final Arena arena = Arena.ofShared();
    private final RandomStream random = new RandomStream(1, 1);

    /** @param device stays the caller's */
    public NetworkMeasurement(Device device, int depth, int width) {
        this.device = device;
        ModelSpec spec = new ModelSpec("resnet", FEATURES.planes(), 9, ACTIONS.totalActions(), depth, width, SE_RATIO);
        model = ModelRegistry.standard().create(spec, device, new RandomStream(1, 0));
        model.setNormalization(Normalization.BATCH);
        optimizer = new AdamOptimizer(device, ADAM, model.parameters());
    }

    /** Seconds of one run, from about a quarter of a second of runs. The first sample of a kind also prepares it. */
    public double sample(Work work, int batch) {
        if (batch < 1) {
            throw new IllegalArgumentException("batch is " + batch + ", must be at least 1");
        }
        Runnable run = prepared.computeIfAbsent(work + " " + batch, key -> {
            Runnable made = switch (work) {
                case FORWARD -> forward(batch);
                case SAMPLE -> sampling(batch);
                case TRAIN -> training(batch);
            };
            // Once as it is, once to be recorded, once replayed.
            for (int i = 0; i < 3; i++) {
                made.run();
            }
            return made;
        });
        device.synchronize();
        long start = System.nanoTime();
        run.run();
        device.synchronize();
        long runs = Math.max(1, SAMPLE_NANOS / Math.max(1, System.nanoTime() - start));
        start = System.nanoTime();
        for (long i = 0; i < runs; i++) {
            run.run();
        }
        device.synchronize();
        return (System.nanoTime() - start) / 1e9 / runs;
    }

    /** Multiplications and additions of convolutions and linear layers of one position in this work. */
    public double flopsPerPosition(Work work) {
        return (work == Work.TRAIN ? 3 : 1) * NetworkBench.forwardFlops(model.spec());
    }

    /** Bytes of device memory by owner, as a JSON object. */
    public String memoryJson() {
        return device.memory().bytesByOwner().entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "\"%s\":%d", entry.getKey(), entry.getValue()))
                .collect(Collectors.joining(",", "{", "}"));
    }

    private DeviceBuffer allocate(DType dtype, int length) {
        DeviceBuffer buffer = device.allocate(dtype, length, "bench");
        owned.push(buffer);
        return buffer;
    }

    private RecordedWork record(String name, Runnable work) {
        RecordedWork recorded = device.record(name, work);
        owned.push(recorded);
        return recorded;
    }

    /** Positions of random games and their legal moves, in host memory. */
    private record Positions(MemorySegment packed, MemorySegment masks) {}

    private Positions positions(int batch) {
        EnvSettings settings = new EnvSettings(
                Variant.SHOGI,
                GameRules.standard(Variant.SHOGI, PLY_LIMIT),
                FEATURES,
                ACTIONS,
                batch,
                Runtime.getRuntime().availableProcessors());
        try (VecShogiEnv env = new VecShogiEnv(settings)) {
            MemorySegment packed = arena.allocate((long) batch * env.recordBytes(), 64);
            MemorySegment masks = arena.allocate((long) batch * env.maskWords() * Integer.BYTES, 64);
            StepResult result = env.newResult();
            int[] actions = new int[batch];
            for (int ply = 0; ply < OPENING_PLIES; ply++) {
                for (int i = 0; i < batch; i++) {
                    Game game = env.game(i);
                    int move = game.legalMove(random.nextInt(game.legalMoveCount()));
                    actions[i] = ACTIONS.encode(Perspective.move(
                            Variant.SHOGI, move, game.position().sideToMove()));
                }
                env.step(actions, result);
            }
            env.observe(0, batch, packed, masks);
            return new Positions(packed, masks);
        }
    }

    private void planes(int batch, Positions positions, Slice planes) {
        try (DeviceBuffer packed = device.allocate(DType.U8, Math.toIntExact(positions.packed.byteSize()), "bench")) {
            device.write(packed.all(), positions.packed);
            device.rollout().expandPlanes(batch, FEATURES.program(), packed.all(), planes);
            device.synchronize();
        }
    }

    private Runnable forward(int batch) {
        ModelSpec spec = model.spec();
        Slice planes = allocate(device.activationType(), batch * spec.spatial() * spec.paddedChannels())
                .all();
        Slice logits = allocate(device.realType(), batch * spec.actions()).all();
        Slice values = allocate(device.realType(), batch).all();
        planes(batch, positions(batch), planes);
        model.reserve(batch);
        RecordedWork recorded = record("forward", () -> model.forward(batch, planes, logits, values));
        return () -> {
            model.refresh();
            recorded.run();
        };
    }

    private Runnable sampling(int batch) {
        Positions positions = positions(batch);
        PolicyInference inference = new PolicyInference(model, FEATURES.program(), batch);
        owned.push(inference);
        int[] actions = new int[batch];
        return () -> inference.sample(batch, positions.packed, positions.masks, random, actions);
    }

    private Runnable training(int batch) {
        Positions positions = positions(batch);
        TrainingPass pass = model.trainingPass(batch);
        DType real = device.realType();
        Slice masks = allocate(DType.I32, Math.toIntExact(positions.masks.byteSize() / Integer.BYTES))
                .all();
        Slice actions = allocate(DType.I32, batch).all();
        Slice old = allocate(real, batch).all();
        Slice advantages = allocate(real, batch).all();
        Slice values = allocate(real, batch).all();
        Slice returns = allocate(real, batch).all();
        Slice metrics = allocate(real, PpoLossKernels.METRICS).all();
        device.write(masks, positions.masks);
        planes(batch, positions, pass.planes());
        Slice uniforms = allocate(real, batch).all();
        device.elementwise().fill(uniforms, 0.5);
        pass.forward();
        device.policy().sample(batch, model.spec().actions(), pass.logits(), masks, uniforms, actions, old);
        device.elementwise().fill(advantages, 0.5);
        device.elementwise().fill(returns, 0.25);
        RecordedWork recorded = record("step", () -> {
            model.parametersChanged();
            pass.forward();
            device.elementwise().fill(metrics, 0);
            device.ppoLoss()
                    .lossAndGradient(
                            batch,
                            model.spec().actions(),
                            LOSS,
                            pass.logits(),
                            masks,
                            actions,
                            old,
                            advantages,
                            pass.value(),
                            values,
                            returns,
                            optimizer.lossScale(),
                            pass.dLogits(),
                            pass.dValue(),
                            metrics);
            optimizer.zeroGradients();
            pass.backward();
            optimizer.step();
        });
        optimizer.setLearningRate(1e-6);
        return () -> {
            recorded.run();
            model.parametersChanged();
        };
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
        optimizer.close();
        model.close();
        arena.close();
    }
}
