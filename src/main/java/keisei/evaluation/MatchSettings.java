package keisei.evaluation;

import keisei.shogi.GameRules;
import keisei.shogi.Variant;

/**
 * How a match is played.
 *
 * @param variant the game
 * @param rules rules; a game stopped at the ply limit scores as a draw
 * @param games how many games; even, since each opening is played with both colours
 * @param openingPlies random plies at the start of each pair of games
 * @param seed of the openings
 */
public record MatchSettings(Variant variant, GameRules rules, int games, int openingPlies, long seed) {
    /** @throws IllegalArgumentException naming every field that is out of range */
    public MatchSettings {
        StringBuilder problems = new StringBuilder();
        if (games < 2 || games % 2 != 0 || games > 1_000_000) {
            problems.append(" games %d is not an even number in [2, 1000000];".formatted(games));
        }
        if (openingPlies < 0 || openingPlies > 100) {
            problems.append(" openingPlies %d is not in [0, 100];".formatted(openingPlies));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("match:" + problems);
        }
    }
}
