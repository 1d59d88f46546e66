package keisei.evaluation;

import keisei.env.PackedLayout;
import keisei.shogi.Color;
import keisei.shogi.Move;
import keisei.shogi.PieceType;
import keisei.shogi.Position;

/**
 * Counting pieces: pawn 1, lance 3, knight 4, silver 5, gold 6, bishop 8, rook 10; promoted pawn 7, lance, knight and
 * silver 6, horse 10, dragon 12; pieces in hand count as unpromoted. Kings are never taken and count 0.
 */
final class Material {
    private static final int[] VALUE = {1, 3, 4, 5, 6, 8, 10, 0, 7, 6, 6, 6, 10, 12};
    private static final int SIDE = PackedLayout.OPPONENT_PIECE - PackedLayout.OWN_PIECE;

    private Material() {}

    /** Value of a piece on the board, or in hand. */
    static int value(PieceType type) {
        return VALUE[type.ordinal()];
    }

    /** Own pieces less the opponent's, for the side to move. */
    static int balance(Position position) {
        int black = 0;
        int squares = position.variant().squares();
        for (int square = 0; square < squares; square++) {
            int piece = position.pieceAt(square);
            if (piece != 0) {
                black += piece <= SIDE ? VALUE[piece - 1] : -VALUE[piece - 1 - SIDE];
            }
        }
        for (int type = 0; type < PieceType.HAND_TYPES; type++) {
            black += VALUE[type] * (position.hand(Color.BLACK, type) - position.hand(Color.WHITE, type));
        }
        return position.sideToMove() == Color.BLACK ? black : -black;
    }

    /** By how much a legal move raises the mover's {@link #balance}. */
    static int gain(Position position, int move) {
        if (Move.isDrop(move)) {
            return 0;
        }
        int gain = 0;
        int captured = position.pieceAt(Move.to(move));
        if (captured != 0) {
            PieceType type = typeOf(captured);
            gain += VALUE[type.ordinal()] + VALUE[type.unpromote().ordinal()];
        }
        if (Move.isPromotion(move)) {
            PieceType type = typeOf(position.pieceAt(Move.from(move)));
            gain += VALUE[type.promote().ordinal()] - VALUE[type.ordinal()];
        }
        return gain;
    }

    private static PieceType typeOf(int piece) {
        return PieceType.of(piece <= SIDE ? piece - 1 : piece - 1 - SIDE);
    }
}
