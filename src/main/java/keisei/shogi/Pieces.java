package keisei.shogi;

/**
 * Piece codes as {@link Position#pieceAt} gives them: 0 empty, {@code 1 + type} Black's, {@code 15 + type} White's; and
 * movement classes, which put kinds that move alike together.
 */
final class Pieces {
    static final int EMPTY = 0;
    static final int KINDS = 14;
    static final int CODES = 1 + 2 * KINDS;

    /** Movement classes; the first eight are the unpromoted kinds, promoted small pieces count as gold. */
    static final int PAWN = 0;

    static final int LANCE = 1;
    static final int KNIGHT = 2;
    static final int SILVER = 3;
    static final int GOLD = 4;
    static final int BISHOP = 5;
    static final int ROOK = 6;
    static final int KING = 7;
    static final int HORSE = 8;
    static final int DRAGON = 9;
    static final int CLASSES = 10;

    /** Movement class of a piece code. */
    static final byte[] CLASS = new byte[CODES];

    /** Code after promotion, for kinds that promote. */
    static final byte[] PROMOTED = new byte[CODES];

    /** Ordinal of the type that a captured piece has in hand. */
    static final byte[] HAND_TYPE = new byte[CODES];

    static {
        for (int code = 1; code < CODES; code++) {
            PieceType type = PieceType.of(type(code));
            CLASS[code] = (byte)
                    switch (type) {
                        case HORSE -> HORSE;
                        case DRAGON -> DRAGON;
                        default -> type.isPromoted() ? GOLD : type.ordinal();
                    };
            HAND_TYPE[code] = (byte) type.unpromote().ordinal();
            PROMOTED[code] =
                    (byte) (type.canPromote() ? code(color(code), type.promote().ordinal()) : code);
        }
    }

    private Pieces() {}

    static int code(int color, int type) {
        return 1 + color * KINDS + type;
    }

    static int color(int code) {
        return code > KINDS ? 1 : 0;
    }

    static int type(int code) {
        return code > KINDS ? code - 1 - KINDS : code - 1;
    }
}
