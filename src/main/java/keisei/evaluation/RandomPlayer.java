package keisei.evaluation;

import keisei.random.RandomStream;
import keisei.shogi.Game;

/** Plays a legal move drawn uniformly. */
public final class RandomPlayer implements Player {
    private final RandomStream random;

    /** Draws from {@code random}, which it shares with nobody. */
    public RandomPlayer(RandomStream random) {
        this.random = random;
    }

    @Override
    public String name() {
        return "random";
    }

    @Override
    public void choose(int count, Game[] games, int[] moves) {
        for (int i = 0; i < count; i++) {
            moves[i] = games[i].legalMove(random.nextInt(games[i].legalMoveCount()));
        }
    }
}
