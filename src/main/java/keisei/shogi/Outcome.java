package keisei.shogi;

import org.jspecify.annotations.Nullable;

/**
 * How a game stands or ended.
 *
 * @param ending the reason
 * @param winner the winner; null while the game goes on, for a draw, and for a cut-off
 */
public record Outcome(Ending ending, @Nullable Color winner) {
    /** The game goes on. */
    public static final Outcome ONGOING = new Outcome(Ending.ONGOING, null);

    private static final Outcome[] CACHE = new Outcome[Ending.values().length * 3];

    static {
        for (Ending ending : Ending.values()) {
            int i = ending.ordinal() * 3;
            CACHE[i] = ending == Ending.ONGOING ? ONGOING : new Outcome(ending, null);
            CACHE[i + 1] = new Outcome(ending, Color.BLACK);
            CACHE[i + 2] = new Outcome(ending, Color.WHITE);
        }
    }

    /** A shared instance, so that nothing is allocated. */
    public static Outcome of(Ending ending, @Nullable Color winner) {
        return CACHE[ending.ordinal() * 3 + (winner == null ? 0 : 1 + winner.ordinal())];
    }

    /** Whether the game has ended, by a result or by a cut-off. */
    public boolean isOver() {
        return ending != Ending.ONGOING;
    }

    /** Whether the game was cut off by the limit of plies. */
    public boolean isTruncation() {
        return ending == Ending.MAX_PLIES;
    }

    /** Whether the game ended without a winner by a rule of the game. */
    public boolean isDraw() {
        return isOver() && !isTruncation() && winner == null;
    }
}
