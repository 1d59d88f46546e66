package keisei.shogi.notation;

import keisei.shogi.Move;
import keisei.shogi.PieceType;
import keisei.shogi.Variant;

/** Moves as USI: {@code 7g7f}, {@code 8h2b+}, {@code P*5e}. Whether a move is legal is not a question of notation. */
public final class Usi {
    private static final String DROP_LETTERS = "PLNSGBR";

    private Usi() {}

    /**
     * Reads a move.
     *
     * @throws NotationException when the text is no move on this variant's board
     */
    public static int parseMove(Variant variant, String text) {
        if (text.length() >= 2 && text.charAt(1) == '*') {
            int type = DROP_LETTERS.indexOf(text.charAt(0));
            if (type < 0 || !variant.has(PieceType.of(type))) {
                throw new NotationException(text, 0, "no piece of " + variant.id() + " to drop");
            }
            int to = square(variant, text, 2);
            end(text, 4);
            return Move.drop(type, to);
        }
        int from = square(variant, text, 0);
        int to = square(variant, text, 2);
        if (from == to) {
            throw new NotationException(text, 2, "the target is the origin");
        }
        boolean promote = text.length() > 4 && text.charAt(4) == '+';
        end(text, promote ? 5 : 4);
        return Move.board(from, to, promote);
    }

    /** Writes a move. */
    public static String format(Variant variant, int move) {
        StringBuilder out = new StringBuilder(5);
        if (Move.isDrop(move)) {
            out.append(DROP_LETTERS.charAt(Move.dropType(move))).append('*');
        } else {
            append(out, variant, Move.from(move));
        }
        append(out, variant, Move.to(move));
        return out.append(Move.isPromotion(move) ? "+" : "").toString();
    }

    /** Reads a square such as {@code 7g} at an offset. */
    private static int square(Variant variant, String text, int offset) {
        int size = variant.size();
        int file = offset < text.length() ? text.charAt(offset) - '0' : 0;
        if (file < 1 || file > size) {
            throw new NotationException(text, offset, "expected a file from 1 to " + size);
        }
        int row = offset + 1 < text.length() ? text.charAt(offset + 1) - 'a' : -1;
        if (row < 0 || row >= size) {
            throw new NotationException(text, offset + 1, "expected a rank from a to " + (char) ('a' + size - 1));
        }
        return row * size + size - file;
    }

    private static void end(String text, int length) {
        if (text.length() > length) {
            throw new NotationException(text, length, "unexpected text after the move");
        }
    }

    private static void append(StringBuilder out, Variant variant, int square) {
        int size = variant.size();
        out.append((char) ('0' + size - square % size)).append((char) ('a' + square / size));
    }
}
