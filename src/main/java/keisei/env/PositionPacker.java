package keisei.env;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import keisei.shogi.Color;
import keisei.shogi.Game;
import keisei.shogi.Move;
import keisei.shogi.PieceType;
import keisei.shogi.Position;
import keisei.shogi.Variant;

/**
 * Writes a game's present position as a packed record ({@link PackedLayout}) for its side to move. Holds one record of
 * scratch memory, hence one packer a thread; nothing is allocated by {@link #write}.
 */
public final class PositionPacker {
    private static final int PIECES_OF_A_SIDE = PackedLayout.OPPONENT_PIECE - PackedLayout.OWN_PIECE;

    private final Variant variant;
    private final PackedLayout layout;
    private final ObservationView view;
    private final byte[] record;

    /** A packer for games of {@code variant}. */
    public PositionPacker(Variant variant, ObservationView view) {
        this.variant = variant;
        this.layout = PackedLayout.of(variant);
        this.view = view;
        this.record = new byte[layout.recordBytes()];
    }

    /** The layout it writes. */
    public PackedLayout layout() {
        return layout;
    }

    /**
     * Writes one record of {@link PackedLayout#recordBytes} bytes.
     *
     * @param target heap or native memory
     * @param offset first byte
     */
    public void write(Game game, MemorySegment target, long offset) {
        Position position = game.position();
        Color mover = position.sideToMove();
        Color orientation = view == ObservationView.RELATIVE ? mover : Color.BLACK;
        writeBoard(position, mover, orientation);
        for (int type = 0; type < PieceType.HAND_TYPES; type++) {
            record[layout.ownHand() + type] = (byte) position.hand(mover, type);
            record[layout.opponentHand() + type] = (byte) position.hand(mover.opponent(), type);
        }
        int plies = game.plies();
        int ply = Math.min(plies, 0xFFFF);
        record[layout.blackToMove()] = (byte) (mover == Color.BLACK ? 1 : 0);
        record[layout.inCheck()] = (byte) (game.inCheck() ? 1 : 0);
        record[layout.repetition()] = (byte) Math.min(game.repetitionCount(), 255);
        record[layout.lastSquares()] = targetOf(game, plies - 1, orientation);
        record[layout.lastSquares() + 1] = targetOf(game, plies - 2, orientation);
        record[layout.ply()] = (byte) ply;
        record[layout.ply() + 1] = (byte) (ply >> 8);
        MemorySegment.copy(record, 0, target, ValueLayout.JAVA_BYTE, offset, record.length);
    }

    private void writeBoard(Position position, Color mover, Color orientation) {
        int squares = variant.squares();
        boolean swap = mover == Color.WHITE;
        for (int square = 0; square < squares; square++) {
            int piece = position.pieceAt(square);
            if (swap && piece != 0) {
                piece += piece >= PackedLayout.OPPONENT_PIECE ? -PIECES_OF_A_SIDE : PIECES_OF_A_SIDE;
            }
            record[Perspective.square(variant, square, orientation)] = (byte) piece;
        }
    }

    private byte targetOf(Game game, int ply, Color orientation) {
        return (byte)
                (ply < 0
                        ? PackedLayout.NO_SQUARE
                        : Perspective.square(variant, Move.to(game.moveAt(ply)), orientation));
    }
}
