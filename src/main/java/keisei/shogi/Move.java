package keisei.shogi;

/**
 * Moves as ints: bits 0-6 the target square, bits 7-13 the origin, or {@code 127 - type} of a dropped piece, bit 14
 * promotion. Squares are row-major: row 0 is rank a, column 0 the highest file. {@link #NONE} is no move.
 */
public final class Move {
    /** No move. */
    public static final int NONE = 0;

    private static final int PROMOTION = 1 << 14;
    private static final int FIRST_DROP = 127 - (PieceType.HAND_TYPES - 1);

    private Move() {}

    /** A move on the board. */
    public static int board(int from, int to, boolean promote) {
        return to | from << 7 | (promote ? PROMOTION : 0);
    }

    /** A drop of the hand piece with ordinal {@code type}. */
    public static int drop(int type, int to) {
        return to | (127 - type) << 7;
    }

    /** Target square. */
    public static int to(int move) {
        return move & 127;
    }

    /** Origin square; meaningless for drops. */
    public static int from(int move) {
        return move >> 7 & 127;
    }

    /** Whether it is a drop. */
    public static boolean isDrop(int move) {
        return (move >> 7 & 127) >= FIRST_DROP;
    }

    /** Ordinal of the dropped {@link PieceType}; meaningless for moves on the board. */
    public static int dropType(int move) {
        return 127 - (move >> 7 & 127);
    }

    /** Whether the piece promotes. */
    public static boolean isPromotion(int move) {
        return (move & PROMOTION) != 0;
    }
}
