package keisei.evaluation;

import java.util.List;

/**
 * A match, told from the first player's side.
 *
 * @param player first player
 * @param opponent second player
 * @param winsAsBlack games the first player won as Black
 * @param winsAsWhite games the first player won as White
 * @param draws drawn games, those stopped at the ply limit among them
 * @param losses games the second player won
 * @param truncated games stopped at the ply limit
 * @param pairs how many pairs of games with the same opening brought the first player 0, 1/2, 1, 3/2, 2 points
 * @param meanPlies mean length of the games, openings included
 */
public record MatchResult(
        String player,
        String opponent,
        int winsAsBlack,
        int winsAsWhite,
        int draws,
        int losses,
        int truncated,
        List<Integer> pairs,
        double meanPlies) {
    /** Copies the list. */
    public MatchResult {
        pairs = List.copyOf(pairs);
    }

    /** Games the first player won. */
    public int wins() {
        return winsAsBlack + winsAsWhite;
    }

    /** Games played. */
    public int games() {
        return wins() + draws + losses;
    }

    /** Points of the first player per game: win 1, draw 1/2. */
    public double score() {
        return points() / games();
    }

    /** 95 % interval of the score. */
    public ScoreInterval interval() {
        return ScoreInterval.wilson(points(), games());
    }

    /** Lost games per game. */
    public double lossRate() {
        return (double) losses / games();
    }

    private double points() {
        return wins() + draws / 2.0;
    }
}
