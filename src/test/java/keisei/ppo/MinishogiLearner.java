package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.env.ActionSpace;
import keisei.env.ActionSpaces;
import keisei.env.EnvSettings;
import keisei.env.FeatureSpec;
import keisei.env.StepResult;
import keisei.env.VecShogiEnv;
import keisei.nn.ActorCriticResTower;
import keisei.nn.ModelSpec;
import keisei.nn.Normalization;
import keisei.optim.AdamOptimizer;
import keisei.optim.LearningRateSchedule;
import keisei.random.RandomStream;
import keisei.shogi.GameRules;
import keisei.shogi.Variant;
import keisei.tensor.HostTransfer;

/** A tiny tower that plays Minishogi against itself; rollouts can be written down and shown to another one. */
final class MinishogiLearner implements AutoCloseable {
    static final int GAMES = 8;
    static final int STEPS = 6;
    private static final int MOST_PLIES = 40;
    private static final int CALIBRATION_PLIES = 20;

    final ActorCriticResTower model;
    final AdamOptimizer optimizer;
    final PpoAgent agent;
    private final ExperienceBuffer buffer;
    private final VecShogiEnv environment;
    private final StepResult result;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment packed;
    private final MemorySegment masks;
    private final int[] actions = new int[GAMES];

    /** What a rollout put into a buffer. */
    record Rollout(List<Step> steps, double[] finalValues, double[] lastValue) {}

    /** One step of all games. */
    record Step(
            byte[] packed,
            int[] masks,
            int[] actions,
            double[] logProbabilities,
            double[] values,
            float[] rewards,
            byte[] terminated,
            byte[] truncated) {}

    MinishogiLearner(Device device) {
        Variant variant = Variant.MINISHOGI;
        FeatureSpec features = FeatureSpec.of("core46", variant, MOST_PLIES);
        ActionSpace space = ActionSpaces.byName("compact", variant);
        ModelSpec spec = new ModelSpec("resnet", features.planes(), variant.size(), space.totalActions(), 1, 8, 0.25);
        model = new ActorCriticResTower(spec, device, new RandomStream(3, 0));
        // With the usual 1e-8 Adam turns the rounding of gradients near 0 into whole steps, and devices part ways.
        optimizer = TestDevices.adam(model, new AdamSettings(.9, .999, 1e-4, 0, false, .5));
        PpoSettings settings = new PpoSettings(.99, .95, .2, .5, .01, 2, 20, true, false, 0, Normalization.RUNNING, .5);
        agent = new PpoAgent(
                model,
                features.program(),
                settings,
                optimizer,
                LearningRateSchedule.constant(3e-4),
                new RandomStream(3, 1),
                new RandomStream(3, 2),
                PpoAgent.SELF_PLAY_SIGN);
        buffer = agent.newBuffer(STEPS, GAMES);
        environment = new VecShogiEnv(
                new EnvSettings(variant, GameRules.standard(variant, MOST_PLIES), features, space, GAMES, 1));
        environment.reset();
        result = environment.newResult();
        packed = arena.allocate((long) GAMES * environment.recordBytes());
        masks = arena.allocate((long) GAMES * environment.maskWords() * Integer.BYTES, Integer.BYTES);
        calibrateOnRandomGames();
        environment.reset();
    }

    /** Statistics of different positions: where all are the same, the deviation is 0 and rounding is all that is left. */
    private void calibrateOnRandomGames() {
        RandomStream random = new RandomStream(3, 3);
        int recordBytes = environment.recordBytes();
        MemorySegment positions = arena.allocate((long) CALIBRATION_PLIES * GAMES * recordBytes);
        for (int ply = 0; ply < CALIBRATION_PLIES; ply++) {
            environment.observe(0, GAMES, packed, masks);
            MemorySegment.copy(packed, 0, positions, (long) ply * GAMES * recordBytes, (long) GAMES * recordBytes);
            for (int game = 0; game < GAMES; game++) {
                actions[game] = anyLegal(game, random);
            }
            environment.step(actions, result);
        }
        agent.calibrate(positions, CALIBRATION_PLIES * GAMES);
    }

    private int anyLegal(int game, RandomStream random) {
        int words = environment.maskWords();
        while (true) {
            int action = random.nextInt(model.spec().actions());
            int word = masks.getAtIndex(ValueLayout.JAVA_INT, (long) game * words + action / 32);
            if ((word >>> action % 32 & 1) != 0) {
                return action;
            }
        }
    }

    /** Plays a whole rollout and writes it down. */
    Rollout rollout() {
        buffer.clear();
        List<Step> steps = new ArrayList<>();
        for (int t = 0; t < STEPS; t++) {
            environment.observe(0, GAMES, packed, masks);
            agent.act(buffer, packed, masks, actions);
            ExperienceBuffer.StepSlices open = buffer.openPart(0).step();
            environment.step(actions, result);
            agent.record(buffer, result.rewards(), result.terminated(), result.truncated(), result.finalPacked());
            steps.add(new Step(
                    packed.toArray(ValueLayout.JAVA_BYTE),
                    masks.toArray(ValueLayout.JAVA_INT),
                    actions.clone(),
                    HostTransfer.readDoubles(open.logProbabilities()),
                    HostTransfer.readDoubles(open.values()),
                    result.rewards().clone(),
                    result.terminated().clone(),
                    result.truncated().clone()));
        }
        environment.observe(0, GAMES, packed, masks);
        agent.finishRollout(buffer, packed);
        return new Rollout(
                steps, HostTransfer.readDoubles(buffer.finalValues()), HostTransfer.readDoubles(buffer.lastValue()));
    }

    /** Takes what another learner played for its own rollout. */
    void take(Rollout rollout) {
        buffer.clear();
        for (Step step : rollout.steps) {
            ExperienceBuffer.StepSlices open =
                    buffer.beginStep(0, MemorySegment.ofArray(step.packed), MemorySegment.ofArray(step.masks));
            HostTransfer.write(open.actions(), step.actions);
            HostTransfer.write(open.logProbabilities(), step.logProbabilities);
            HostTransfer.write(open.values(), step.values);
            buffer.completeStep(0, step.rewards, step.terminated, step.truncated);
        }
        HostTransfer.write(buffer.finish(), rollout.lastValue);
        HostTransfer.write(buffer.finalValues(), rollout.finalValues);
    }

    /** Learns from the rollout in the buffer. */
    PpoMetrics update() {
        return agent.update(buffer);
    }

    @Override
    public void close() {
        environment.close();
        arena.close();
        buffer.close();
        agent.close();
        optimizer.close();
        model.close();
    }
}
