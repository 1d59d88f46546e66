package keisei.evaluation;

import keisei.shogi.Game;

/**
 * Chooses moves in many games at once, so that a network can look at all of them in one batch. Players may keep
 * random state: one player takes part in one match at a time, on one thread.
 */
public interface Player extends AutoCloseable {
    /** Short name for tables. */
    String name();

    /**
     * Chooses a legal move in each game.
     *
     * @param count how many games; the arrays may be longer
     * @param games games that go on, which the player may read but not change
     * @param moves receives the moves ({@link keisei.shogi.Move} codes on the absolute board)
     */
    void choose(int count, Game[] games, int[] moves);

    /** Frees what the player owns; most own nothing. */
    @Override
    default void close() {}
}
