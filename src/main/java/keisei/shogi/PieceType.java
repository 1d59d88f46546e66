package keisei.shogi;

/**
 * Kinds of pieces. The order is the order of feature planes; the first seven are also the order of hands and of drop
 * action codes.
 */
public enum PieceType {
    PAWN('P', false),
    LANCE('L', false),
    KNIGHT('N', false),
    SILVER('S', false),
    GOLD('G', false),
    BISHOP('B', false),
    ROOK('R', false),
    KING('K', false),
    PROMOTED_PAWN('P', true),
    PROMOTED_LANCE('L', true),
    PROMOTED_KNIGHT('N', true),
    PROMOTED_SILVER('S', true),
    HORSE('B', true),
    DRAGON('R', true);

    /** Kinds that can be held in hand: the first seven. */
    public static final int HAND_TYPES = 7;

    private static final PieceType[] VALUES = values();

    private final char letter;
    private final boolean promoted;

    PieceType(char letter, boolean promoted) {
        this.letter = letter;
        this.promoted = promoted;
    }

    /** The kind with this ordinal, without copying the array of values. */
    public static PieceType of(int ordinal) {
        return VALUES[ordinal];
    }

    /** SFEN letter of the unpromoted piece, upper case. */
    public char letter() {
        return letter;
    }

    /** Whether this is a promoted kind. */
    public boolean isPromoted() {
        return promoted;
    }

    /** Whether an unpromoted piece of this kind has a promoted side. */
    public boolean canPromote() {
        return !promoted && this != GOLD && this != KING;
    }

    /** The promoted kind. @throws IllegalArgumentException when there is none */
    public PieceType promote() {
        return switch (this) {
            case PAWN -> PROMOTED_PAWN;
            case LANCE -> PROMOTED_LANCE;
            case KNIGHT -> PROMOTED_KNIGHT;
            case SILVER -> PROMOTED_SILVER;
            case BISHOP -> HORSE;
            case ROOK -> DRAGON;
            default -> throw new IllegalArgumentException(this + " does not promote");
        };
    }

    /** The kind this piece has in hand once it is captured (for a king: itself). */
    public PieceType unpromote() {
        return switch (this) {
            case PROMOTED_PAWN -> PAWN;
            case PROMOTED_LANCE -> LANCE;
            case PROMOTED_KNIGHT -> KNIGHT;
            case PROMOTED_SILVER -> SILVER;
            case HORSE -> BISHOP;
            case DRAGON -> ROOK;
            default -> this;
        };
    }
}
