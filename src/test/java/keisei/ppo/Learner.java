package keisei.ppo;

import java.lang.foreign.MemorySegment;
import java.util.Random;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.nn.ActorCritic;
import keisei.nn.Normalization;
import keisei.optim.AdamOptimizer;
import keisei.optim.LearningRateSchedule;
import keisei.random.RandomStream;

/** An agent that plays {@link TwoPlyGame} with a small network. */
final class Learner implements AutoCloseable {
    static final double LEARNING_RATE = 3e-3;

    final ActorCritic model;
    final AdamOptimizer optimizer;
    final PpoAgent agent;
    final ExperienceBuffer buffer;
    final TwoPlyGame game;
    final int[] actions;
    final RandomStream sampling = new RandomStream(1, 1);
    final RandomStream shuffling = new RandomStream(1, 2);
    private final Random cut = new Random(99);
    private final double cutShare;

    Learner(Device device, PpoSettings settings, double sign, int steps, int games, double cutShare) {
        this(TestDevices.smallNet(device, 4, 3, TwoPlyGame.ACTIONS, 1), settings, sign, steps, games, cutShare);
    }

    Learner(ActorCritic model, PpoSettings settings, double sign, int steps, int games, double cutShare) {
        this.cutShare = cutShare;
        this.model = model;
        optimizer = TestDevices.adam(model, new AdamSettings(.9, .999, 1e-8, 0, false, .5));
        agent = new PpoAgent(
                model,
                TwoPlyGame.PROGRAM,
                settings,
                optimizer,
                LearningRateSchedule.constant(LEARNING_RATE),
                sampling,
                shuffling,
                sign);
        buffer = agent.newBuffer(steps, games);
        game = new TwoPlyGame(games);
        actions = new int[games];
        agent.calibrate(TwoPlyGame.everyPhase(12), 12);
    }

    static PpoSettings settings(int epochs, int minibatch, double targetKl, Normalization normalization) {
        return new PpoSettings(.99, .95, .2, .5, .01, epochs, minibatch, true, false, targetKl, normalization, .1);
    }

    void rollout(int steps) {
        buffer.clear();
        for (int t = 0; t < steps; t++) {
            agent.act(buffer, game.packed(), game.masks(), actions);
            game.step(actions, cut, cutShare);
            agent.record(buffer, game.reward, game.terminated, game.truncated, game.finalPacked);
        }
        agent.finishRollout(buffer, game.packed());
    }

    PpoMetrics iteration() {
        rollout(buffer.capacitySteps());
        return agent.update(buffer);
    }

    /** The most probable action in a phase. */
    int greedy(TwoPlyGame.Phase phase) {
        try (PolicyInference inference = new PolicyInference(model, TwoPlyGame.PROGRAM, 1)) {
            MemorySegment record = MemorySegment.ofArray(new byte[TwoPlyGame.RECORD_BYTES]);
            TwoPlyGame.write(record, 0, phase);
            int[] action = new int[1];
            inference.greedy(1, record, MemorySegment.ofArray(new int[] {0b01111}), action);
            return action[0];
        }
    }

    /** The value of a phase for its side to move. */
    double value(TwoPlyGame.Phase phase) {
        try (PolicyInference inference = new PolicyInference(model, TwoPlyGame.PROGRAM, 1)) {
            MemorySegment record = MemorySegment.ofArray(new byte[TwoPlyGame.RECORD_BYTES]);
            TwoPlyGame.write(record, 0, phase);
            double[] value = new double[1];
            inference.values(1, record, value);
            return value[0];
        }
    }

    @Override
    public void close() {
        buffer.close();
        agent.close();
        optimizer.close();
        model.close();
    }
}
