package keisei.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import keisei.random.RandomStream;
import keisei.shogi.GameRules;
import keisei.shogi.Variant;

/**
 * A fixed ladder of opponents on which a player's Elo is measured: random, then depth-2 search with ever fewer random
 * moves, then depth-3. Each rung beats the one below it clearly but not always, so that a few hundred games a rung
 * place a player anywhere between them. The player meets every rung, and each rung the next.
 *
 * @param matches what was played: the player's matches first, then those between the rungs
 * @param ratings Elo of the player and of the rungs, random being 0
 */
public record EloLadder(List<MatchResult> matches, List<EloRatings.Rating> ratings) {
    private static final double[] RANDOM_MOVE_RATES = {0.9, 0.8, 0.65, 0.5, 0.35, 0.2, 0.1, 0};

    /** Copies the lists. */
    public EloLadder {
        matches = List.copyOf(matches);
        ratings = List.copyOf(ratings);
    }

    /** The rungs, weakest first; their random moves follow from the seed. */
    public static List<Player> rungs(Variant variant, long seed) {
        List<Player> rungs = new ArrayList<>();
        rungs.add(new RandomPlayer(new RandomStream(seed, 0)));
        for (double rate : RANDOM_MOVE_RATES) {
            rungs.add(new MaterialSearchPlayer(variant, 2, rate, new RandomStream(seed, rungs.size())));
        }
        rungs.add(new MaterialSearchPlayer(variant, 3, 0, new RandomStream(seed, rungs.size())));
        return List.copyOf(rungs);
    }

    /**
     * Plays the player's matches and the ladder's own, {@code games} (an even number) each.
     *
     * @param rungs the ladder, weakest (the anchor of the ratings) first, at least one
     */
    public static EloLadder measure(
            Player player, List<Player> rungs, Variant variant, GameRules rules, int games, long seed) {
        List<MatchResult> matches = new ArrayList<>();
        for (Player rung : rungs) {
            matches.add(MatchRunner.play(player, rung, settings(variant, rules, games, seed + matches.size())));
        }
        for (int i = 1; i < rungs.size(); i++) {
            matches.add(MatchRunner.play(
                    rungs.get(i), rungs.get(i - 1), settings(variant, rules, games, seed + matches.size())));
        }
        return new EloLadder(matches, EloRatings.fit(matches, rungs.getFirst().name()));
    }

    private static MatchSettings settings(Variant variant, GameRules rules, int games, long seed) {
        return new MatchSettings(variant, rules, games, LearningTable.OPENING_PLIES, seed);
    }

    /** A line each player with rating and 95 % margin, strongest first. */
    public String format() {
        StringBuilder text = new StringBuilder("%-18s %7s %7s%n".formatted("player", "Elo", "+-"));
        ratings.stream()
                .sorted((a, b) -> Double.compare(b.elo(), a.elo()))
                .forEach(rating -> text.append(String.format(
                        Locale.ROOT, "%-18s %7.0f %7.0f%n", rating.player(), rating.elo(), rating.margin())));
        return text.toString();
    }
}
