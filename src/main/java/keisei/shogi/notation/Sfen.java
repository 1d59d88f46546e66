package keisei.shogi.notation;

import java.util.Arrays;
import keisei.shogi.Color;
import keisei.shogi.InvalidPositionException;
import keisei.shogi.PieceType;
import keisei.shogi.Position;
import keisei.shogi.Variant;

/** Positions as SFEN: board, side to move, hands, and a move number that may be missing (then it is 1). */
public final class Sfen {
    private static final String LETTERS = "PLNSGBRK";

    /** Hand order of SFEN. */
    private static final int[] HAND_ORDER = {6, 5, 4, 3, 2, 1, 0};

    private static final int WHITE = PieceType.values().length;
    private static final int MAX_COUNT = 18;
    private static final int MAX_NUMBER_DIGITS = 6;

    private Sfen() {}

    /**
     * Reads a position.
     *
     * @throws NotationException when the text is no SFEN of a possible position of this variant
     */
    public static Position parse(Variant variant, String text) {
        return new Reader(variant, text).read();
    }

    /** Writes a position, move number included. */
    public static String format(Position position) {
        StringBuilder out = new StringBuilder(128);
        int size = position.variant().size();
        for (int square = 0, empty = 0; square < size * size; square++) {
            int piece = position.pieceAt(square);
            if (piece == 0) {
                empty++;
            }
            boolean endOfRow = square % size == size - 1;
            if (empty > 0 && (piece != 0 || endOfRow)) {
                out.append(empty);
                empty = 0;
            }
            if (piece != 0) {
                PieceType type = PieceType.of((piece - 1) % WHITE);
                boolean black = piece <= WHITE;
                out.append(type.isPromoted() ? "+" : "")
                        .append(black ? type.letter() : Character.toLowerCase(type.letter()));
            }
            if (endOfRow && square + 1 < size * size) {
                out.append('/');
            }
        }
        out.append(position.sideToMove() == Color.BLACK ? " b " : " w ");
        int before = out.length();
        for (Color color : Color.values()) {
            for (int type : HAND_ORDER) {
                int count = position.hand(color, type);
                if (count > 0) {
                    char letter = LETTERS.charAt(type);
                    out.append(count > 1 ? Integer.toString(count) : "")
                            .append(color == Color.BLACK ? letter : Character.toLowerCase(letter));
                }
            }
        }
        if (out.length() == before) {
            out.append('-');
        }
        return out.append(' ').append(position.moveNumber()).toString();
    }

    /** One pass over one text. */
    private static final class Reader {
        private final Variant variant;
        private final String text;
        private final int[] pieces;
        private final int[] offsets;
        private final int[][] hands = new int[2][PieceType.HAND_TYPES];
        private int at;

        Reader(Variant variant, String text) {
            this.variant = variant;
            this.text = text;
            this.pieces = new int[variant.squares()];
            this.offsets = new int[variant.squares()];
            Arrays.fill(offsets, 0);
        }

        Position read() {
            board();
            space("the side to move");
            Color side = side();
            space("the pieces in hand");
            int handsAt = at;
            hands();
            int number = 1;
            if (at < text.length()) {
                space("the move number");
                number = number();
            }
            if (at < text.length()) {
                throw error(at, "unexpected text after the move number");
            }
            try {
                return Position.of(variant, pieces, hands, side, number);
            } catch (InvalidPositionException e) {
                int offset = e.square() >= 0 ? offsets[e.square()] : handsAt;
                NotationException located = error(offset, "impossible position, " + e.getMessage() + ":");
                located.initCause(e);
                throw located;
            }
        }

        private void board() {
            int size = variant.size();
            for (int row = 0; row < size; row++) {
                if (row > 0) {
                    if (peek() != '/') {
                        throw error(at, "expected \"/\" after row " + row + " of " + size);
                    }
                    at++;
                }
                int column = 0;
                while (column < size) {
                    char c = peek();
                    if (c >= '1' && c <= '9') {
                        if (column + (c - '0') > size) {
                            throw error(at, "row " + (row + 1) + " has more than " + size + " squares");
                        }
                        column += c - '0';
                        at++;
                    } else {
                        int square = row * size + column++;
                        offsets[square] = at;
                        pieces[square] = piece();
                    }
                }
            }
        }

        private int piece() {
            int begin = at;
            boolean promoted = peek() == '+';
            if (promoted) {
                at++;
            }
            char c = peek();
            int type = LETTERS.indexOf(upper(c));
            if (type < 0 || c == 0) {
                throw error(at, "expected a piece of " + LETTERS + ", \"+\" or a number of empty squares");
            }
            PieceType kind = PieceType.of(type);
            if (promoted && !kind.canPromote()) {
                throw error(begin, kind + " has no promoted side");
            }
            at++;
            int ordinal = promoted ? kind.promote().ordinal() : type;
            return 1 + ordinal + (c >= 'a' ? WHITE : 0);
        }

        private Color side() {
            char c = peek();
            if (c != 'b' && c != 'w') {
                throw error(at, "the side to move must be \"b\" or \"w\"");
            }
            at++;
            return c == 'b' ? Color.BLACK : Color.WHITE;
        }

        private void hands() {
            if (peek() == '-') {
                at++;
                return;
            }
            int begin = at;
            while (at < text.length() && text.charAt(at) != ' ') {
                int countAt = at;
                int count = isDigit(peek()) ? integer(2) : 1;
                char c = peek();
                int type = LETTERS.indexOf(upper(c));
                if (c == 0 || type < 0 || type >= PieceType.HAND_TYPES) {
                    throw error(at, "expected a piece in hand of PLNSGBR");
                }
                if (count < 1 || count > MAX_COUNT) {
                    throw error(countAt, count + " pieces in hand, allowed are 1 to " + MAX_COUNT);
                }
                int color = c >= 'a' ? 1 : 0;
                if (hands[color][type] != 0) {
                    throw error(at, "this piece in hand is given twice");
                }
                if (!variant.has(PieceType.of(type))) {
                    throw error(at, variant.id() + " has no " + PieceType.of(type));
                }
                hands[color][type] = count;
                at++;
            }
            if (at == begin) {
                throw error(at, "expected the pieces in hand or \"-\"");
            }
        }

        private int number() {
            if (!isDigit(peek())) {
                throw error(at, "expected the move number");
            }
            return integer(MAX_NUMBER_DIGITS);
        }

        private int integer(int digits) {
            int begin = at;
            int value = 0;
            while (isDigit(peek())) {
                if (at - begin == digits) {
                    throw error(begin, "a number of more than " + digits + " digits");
                }
                value = value * 10 + (text.charAt(at++) - '0');
            }
            return value;
        }

        private void space(String next) {
            if (peek() != ' ') {
                throw error(at, "expected a space and " + next);
            }
            while (peek() == ' ') {
                at++;
            }
        }

        private char peek() {
            return at < text.length() ? text.charAt(at) : 0;
        }

        private static boolean isDigit(char c) {
            return c >= '0' && c <= '9';
        }

        private static char upper(char c) {
            return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
        }

        private NotationException error(int offset, String problem) {
            return new NotationException(text, offset, problem);
        }
    }
}
