package keisei.evaluation;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import keisei.env.ActionSpace;
import keisei.env.FeatureSpec;
import keisei.env.ObservationView;
import keisei.env.ObservationWriter;
import keisei.nn.ActorCritic;
import keisei.ppo.PolicyInference;
import keisei.random.RandomStream;
import keisei.shogi.Color;
import keisei.shogi.Game;

/**
 * Plays a network's policy: the most probable legal move, or one drawn from the policy. Games go through the device in
 * batches. Owns its memory, on the device and off it, but not the model; close it before the model's device. Nothing
 * is allocated in native or device memory after construction.
 */
public final class PolicyPlayer implements Player {
    /** How a move is chosen from the policy. */
    public enum Choice {
        /** The most probable move, the first of equals. */
        GREEDY,
        /** Drawn from the distribution. */
        SAMPLED
    }

    private final String name;
    private final ActionSpace actions;
    private final Choice choice;
    private final RandomStream random;
    private final int batch;
    private final ObservationWriter writer;
    private final int[] chosen;
    private final PolicyInference inference;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment packed;
    private final MemorySegment masks;

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
        requireFitting(model, features, actions);
        this.name = name;
        this.actions = actions;
        this.choice = choice;
        this.random = random;
        this.batch = batch;
        this.writer = new ObservationWriter(features.variant(), actions, view);
        this.inference = new PolicyInference(model, features.program(), batch);
        this.chosen = new int[batch];
        this.packed = arena.allocate((long) batch * writer.recordBytes(), 64);
        this.masks = arena.allocate((long) batch * writer.maskWords() * Integer.BYTES, 64);
    }

    private static void requireFitting(ActorCritic model, FeatureSpec features, ActionSpace actions) {
        StringBuilder problems = new StringBuilder();
        if (model.spec().inputChannels() != features.planes()) {
            problems.append(" the model has %d input channels, features '%s' have %d planes;"
                    .formatted(model.spec().inputChannels(), features.name(), features.planes()));
        }
        if (model.spec().actions() != actions.totalActions()) {
            problems.append(" the model has %d actions, action space '%s' has %d;"
                    .formatted(model.spec().actions(), actions.name(), actions.totalActions()));
        }
        if (actions.variant() != features.variant()) {
            problems.append(" features are for %s, actions for %s;"
                    .formatted(features.variant().id(), actions.variant().id()));
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
            writer.write(games[first + row], row, packed, masks);
        }
        if (choice == Choice.GREEDY) {
            inference.greedy(rows, packed, masks, chosen);
        } else {
            inference.sample(rows, packed, masks, random, chosen);
        }
        for (int row = 0; row < rows; row++) {
            Color mover = games[first + row].position().sideToMove();
            moves[first + row] = actions.decode(chosen[row], mover);
        }
    }

    @Override
    public void close() {
        inference.close();
        arena.close();
    }
}
