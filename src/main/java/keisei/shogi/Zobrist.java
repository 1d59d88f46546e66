package keisei.shogi;

/**
 * Random numbers whose exclusive or identifies a position (Zobrist 1970). They are fixed, so that keys are the same in
 * every run.
 */
final class Zobrist {
    /** Present when White is to move. */
    static final long WHITE_TO_MOVE;

    /** Piece code on a square: index {@code piece << 7 | square}. */
    static final long[] BOARD = new long[Pieces.CODES << 7];

    private static final int COUNTS = 32;

    /** Number of pieces of a type in hand; 0 pieces have the number 0. */
    private static final long[] HAND = new long[2 * PieceType.HAND_TYPES * COUNTS];

    static {
        long state = 0x4B45495345490001L;
        for (int i = 1 << 7; i < BOARD.length; i++) {
            BOARD[i] = mix(state += 0x9E3779B97F4A7C15L);
        }
        for (int i = 0; i < HAND.length; i++) {
            long number = mix(state += 0x9E3779B97F4A7C15L);
            HAND[i] = i % COUNTS == 0 ? 0 : number;
        }
        WHITE_TO_MOVE = mix(state + 0x9E3779B97F4A7C15L);
    }

    private Zobrist() {}

    static long hand(int color, int type, int count) {
        return HAND[(color * PieceType.HAND_TYPES + type) * COUNTS + count];
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
