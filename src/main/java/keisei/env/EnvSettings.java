package keisei.env;

import keisei.shogi.GameRules;
import keisei.shogi.Variant;

/**
 * What a {@link VecShogiEnv} plays.
 *
 * @param variant the game
 * @param rules ply limit, declaration and repetition rules
 * @param features planes, of which the environment needs the record size
 * @param actions numbering of moves
 * @param games how many games advance together, at least 1
 * @param threads how many threads share the games, at least 1; 1: all work is done by the caller
 * @param view how White's observations are turned; {@link ObservationView#RELATIVE} but for one experiment
 */
public record EnvSettings(
        Variant variant,
        GameRules rules,
        FeatureSpec features,
        ActionSpace actions,
        int games,
        int threads,
        ObservationView view) {
    private static final int MOST_GAMES = 1 << 20;
    private static final int MOST_THREADS = 1024;

    /** @throws IllegalArgumentException naming every field that does not fit */
    public EnvSettings {
        StringBuilder problems = new StringBuilder();
        if (games < 1 || games > MOST_GAMES) {
            problems.append(" games %d is not in [1, %d];".formatted(games, MOST_GAMES));
        }
        if (threads < 1 || threads > MOST_THREADS) {
            problems.append(" threads %d is not in [1, %d];".formatted(threads, MOST_THREADS));
        }
        if (features.variant() != variant) {
            problems.append(" features are for %s, the game is %s;"
                    .formatted(features.variant().id(), variant.id()));
        }
        if (actions.variant() != variant) {
            problems.append(" actions are for %s, the game is %s;"
                    .formatted(actions.variant().id(), variant.id()));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("environment:" + problems);
        }
    }

    /** Settings with the usual view. */
    public EnvSettings(
            Variant variant, GameRules rules, FeatureSpec features, ActionSpace actions, int games, int threads) {
        this(variant, rules, features, actions, games, threads, ObservationView.RELATIVE);
    }
}
