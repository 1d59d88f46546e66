package keisei.env;

import keisei.shogi.Color;
import keisei.shogi.Move;
import keisei.shogi.Variant;

/**
 * The one place where the board is turned to the player who moves. In perspective space the mover always plays toward
 * row 0: for Black nothing changes, for White the board is rotated by 180 degrees, so that square {@code s} becomes
 * {@code squares - 1 - s}. The rotation is its own inverse, hence each method maps both ways. Squares, moves, planes
 * and the promotion zone all go through here.
 */
public final class Perspective {
    private static final int TO_MASK = 127;

    private Perspective() {}

    /** The square as {@code mover} sees it, and back. */
    public static int square(Variant variant, int square, Color mover) {
        return mover == Color.BLACK ? square : variant.squares() - 1 - square;
    }

    /** The move as {@code mover} sees it, and back; {@link Move} codes. The kind of a dropped piece stays. */
    public static int move(Variant variant, int move, Color mover) {
        return mover == Color.BLACK ? move : rotated(move, variant.squares() - 1);
    }

    /** The move on the board rotated by 180 degrees, whose last square is {@code lastSquare}. */
    static int rotated(int move, int lastSquare) {
        if (Move.isDrop(move)) {
            return move & ~TO_MASK | lastSquare - Move.to(move);
        }
        return Move.board(lastSquare - Move.from(move), lastSquare - Move.to(move), Move.isPromotion(move));
    }
}
