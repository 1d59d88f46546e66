package keisei.env;

import keisei.shogi.PieceType;
import keisei.shogi.Variant;

/**
 * Byte layout of a packed position: everything that feature planes are made of, for one position, seen by its side to
 * move. Offsets in bytes; on 9x9 a record is 104 bytes, on 5x5 48.
 *
 * <pre>
 * board           squares bytes, row-major: 0 empty, 1 + type own, 15 + type the opponent's ({@link PieceType} order)
 * ownHand         7 counts, P L N S G B R
 * opponentHand    7 counts
 * blackToMove     1 or 0
 * inCheck         1 or 0
 * repetition      occurrences of the position so far, this one included: 1 for a new position, at most 255
 * lastSquares     target squares of the last move and of the one before; 255 where there was none
 * ply             moves played, unsigned 16 bits little-endian, at most 65,535
 * (padding)       0, up to a multiple of 8
 * </pre>
 */
public final class PackedLayout {
    /** Code of a mover's own piece is this plus the ordinal of its type. */
    public static final int OWN_PIECE = 1;
    /** Code of an opponent's piece is this plus the ordinal of its type. */
    public static final int OPPONENT_PIECE = OWN_PIECE + 14;
    /** Marks that there was no such move in {@link #lastSquares}. */
    public static final int NO_SQUARE = 255;

    private static final PackedLayout SHOGI = new PackedLayout(Variant.SHOGI);
    private static final PackedLayout MINISHOGI = new PackedLayout(Variant.MINISHOGI);

    private final Variant variant;
    private final int ownHand;

    private PackedLayout(Variant variant) {
        this.variant = variant;
        this.ownHand = variant.squares();
    }

    /** The layout for a game. */
    public static PackedLayout of(Variant variant) {
        return switch (variant) {
            case SHOGI -> SHOGI;
            case MINISHOGI -> MINISHOGI;
        };
    }

    /** The game. */
    public Variant variant() {
        return variant;
    }

    /** Seven counts of the mover's hand. */
    public int ownHand() {
        return ownHand;
    }

    /** Seven counts of the opponent's hand. */
    public int opponentHand() {
        return ownHand + PieceType.HAND_TYPES;
    }

    /** Whether Black is to move. */
    public int blackToMove() {
        return ownHand + 2 * PieceType.HAND_TYPES;
    }

    /** Whether the mover is in check. */
    public int inCheck() {
        return blackToMove() + 1;
    }

    /** Occurrences of the position. */
    public int repetition() {
        return inCheck() + 1;
    }

    /** Two target squares. */
    public int lastSquares() {
        return repetition() + 1;
    }

    /** Moves played, 2 bytes. */
    public int ply() {
        return lastSquares() + 2;
    }

    /** Size of a record, a multiple of 8. */
    public int recordBytes() {
        return (ply() + 2 + 7) / 8 * 8;
    }
}
