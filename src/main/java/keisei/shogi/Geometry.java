package keisei.shogi;

/**
 * Precomputed tables of one board. A set of squares is a pair of longs: bit {@code s} of the pair is square {@code s}
 * (squares 0-63 in the low word, the rest in the high word); {@code 1L << s} is therefore the bit within its word. Pair
 * tables hold the low word at an even index {@code i} and the high word at {@code i + 1}. Immutable after construction.
 */
final class Geometry {
    /** Step kinds: index into {@link #step}. */
    static final int STEP_PAWN = 0;

    static final int STEP_KNIGHT = 1;
    static final int STEP_SILVER = 2;
    static final int STEP_GOLD = 3;
    static final int STEP_KING = 4;

    /** A kind that steps nowhere: sliders. */
    private static final int STEP_NONE = 5;

    private static final int STEP_KINDS = 6;

    /** Step kind of each movement class. */
    static final byte[] STEP_OF_CLASS = {
        STEP_PAWN, STEP_NONE, STEP_KNIGHT, STEP_SILVER, STEP_GOLD, STEP_NONE, STEP_NONE, STEP_KING, STEP_KING, STEP_KING
    };

    /** Lines through a square. */
    static final int ROW = 0;

    static final int COLUMN = 1;
    static final int DIAGONAL = 2;
    static final int ANTIDIAGONAL = 3;

    private static final Geometry SHOGI = new Geometry(Variant.SHOGI);
    private static final Geometry MINISHOGI = new Geometry(Variant.MINISHOGI);

    /**
     * Reach of a slider at position {@code p} of a line of at most 9 squares whose occupation is the 9-bit number
     * {@code o}, as a 9-bit number, at index {@code p << 9 | o}. The first occupied square on either side is included.
     */
    static final short[] LINE_REACH = lineReach();

    final int size;
    final int squares;
    final long boardLow;
    final long boardHigh;

    /** The part of column 0 that lies in the low word. */
    private final long columnZero;

    /** Promotion zone of a color: pair at {@code 2 * color}. */
    final long[] zone = new long[4];

    /** Rows on which a pawn or lance (a knight) of a color could not move again: pair at {@code 2 * color}. */
    final long[] pawnDead = new long[4];

    final long[] knightDead = new long[4];

    /** Squares reached in one step: pair at {@code stepIndex(kind, color, square)}. */
    final long[] step = new long[STEP_KINDS * 2 * 256];

    /** Queen lines on the empty board: pair at {@code 2 * square}. */
    final long[] rookRays = new long[256];

    final long[] bishopRays = new long[256];

    /** Squares ahead of a lance: pair at {@code color * 256 + 2 * square}. */
    final long[] lanceRays = new long[512];

    /** Squares strictly between two squares of one queen line: pair at {@code betweenIndex(a, b)}. */
    final long[] between;

    /**
     * Squares from which an enemy's single step could reach a king of this color on this square or any of its
     * neighbours: pair at {@code color * 256 + 2 * square}.
     */
    final long[] near = new long[512];

    /**
     * Lines: at {@code (square * 4 + line) * 4} the low mask, the high mask, the number of squares in the low mask, and
     * the index of the square's part in {@link #LINE_REACH}.
     */
    final long[] lines;

    private Geometry(Variant variant) {
        size = variant.size();
        squares = variant.squares();
        boardLow = squares >= 64 ? -1L : (1L << squares) - 1;
        boardHigh = squares > 64 ? (1L << squares) - 1 : 0;
        long column = 0;
        for (int square = 0; square < Math.min(squares, 64); square += size) {
            column |= 1L << square;
        }
        columnZero = column;
        between = new long[squares * squares * 2];
        lines = new long[squares * 16];
        for (int square = 0; square < squares; square++) {
            for (int color = 0; color < 2; color++) {
                fillRows(variant, square, color);
                fillSteps(square, color);
            }
            fillLine(square, ROW, 0, 1, rookRays);
            fillLine(square, COLUMN, 1, 0, rookRays);
            fillLine(square, DIAGONAL, 1, 1, bishopRays);
            fillLine(square, ANTIDIAGONAL, 1, -1, bishopRays);
        }
        for (int square = 0; square < squares; square++) {
            fillNear(square, 0);
            fillNear(square, 1);
        }
    }

    static Geometry of(Variant variant) {
        return variant == Variant.SHOGI ? SHOGI : MINISHOGI;
    }

    static int stepIndex(int kind, int color, int square) {
        return (kind * 2 + color) << 8 | square << 1;
    }

    /** Low word of whole files, given as bits by column. */
    long filesLow(long columns) {
        return columns * columnZero & boardLow;
    }

    /** High word of whole files, given as bits by column. */
    long filesHigh(long columns) {
        // Row 7 of nine begins at bit 63, row 8 at bit 72.
        return (columns >>> 1 | columns << 8) & boardHigh;
    }

    int betweenIndex(int a, int b) {
        return (a * squares + b) << 1;
    }

    private static void set(long[] table, int index, int square) {
        table[index + (square >> 6)] |= 1L << square;
    }

    private void fillRows(Variant variant, int square, int color) {
        int row = square / size;
        int fromFar = color == 0 ? row : size - 1 - row;
        if (fromFar < variant.promotionRows()) {
            set(zone, 2 * color, square);
        }
        if (fromFar < 1) {
            set(pawnDead, 2 * color, square);
        }
        if (fromFar < 2) {
            set(knightDead, 2 * color, square);
        }
    }

    private void fillSteps(int square, int color) {
        int ahead = color == 0 ? -1 : 1;
        step(STEP_PAWN, color, square, ahead, 0);
        step(STEP_KNIGHT, color, square, 2 * ahead, -1);
        step(STEP_KNIGHT, color, square, 2 * ahead, 1);
        for (int side = -1; side <= 1; side++) {
            step(STEP_SILVER, color, square, ahead, side);
            step(STEP_GOLD, color, square, ahead, side);
            step(STEP_KING, color, square, ahead, side);
            step(STEP_KING, color, square, -ahead, side);
            if (side != 0) {
                step(STEP_SILVER, color, square, -ahead, side);
                step(STEP_GOLD, color, square, 0, side);
                step(STEP_KING, color, square, 0, side);
            }
        }
        step(STEP_GOLD, color, square, -ahead, 0);
        for (int row = square / size + ahead; row >= 0 && row < size; row += ahead) {
            set(lanceRays, color * 256 + 2 * square, row * size + square % size);
        }
    }

    private boolean inside(int row, int column) {
        return row >= 0 && row < size && column >= 0 && column < size;
    }

    private void step(int kind, int color, int square, int rows, int columns) {
        int row = square / size + rows;
        int column = square % size + columns;
        if (inside(row, column)) {
            set(step, stepIndex(kind, color, square), row * size + column);
        }
    }

    private void fillLine(int square, int line, int rows, int columns, long[] rays) {
        int row = square / size;
        int column = square % size;
        int position = 0;
        while (inside(row - rows, column - columns)) {
            row -= rows;
            column -= columns;
            position++;
        }
        int entry = (square * 4 + line) * 4;
        for (int i = 0; inside(row, column); i++, row += rows, column += columns) {
            int other = row * size + column;
            set(lines, entry, other);
            if (i == position) {
                continue;
            }
            set(rays, 2 * square, other);
            int towards = i < position ? 1 : -1;
            for (int j = i + towards; j != position; j += towards) {
                set(between, betweenIndex(square, other), (row + (j - i) * rows) * size + column + (j - i) * columns);
            }
        }
        lines[entry + 2] = Long.bitCount(lines[entry]);
        lines[entry + 3] = (long) position << 9;
    }

    private void fillNear(int square, int color) {
        int index = color * 256 + 2 * square;
        for (int target = 0; target < squares; target++) {
            int king = stepIndex(STEP_KING, color, square);
            if (target != square && (step[king + (target >> 6)] >>> target & 1) == 0) {
                continue;
            }
            for (int kind = 0; kind < STEP_KINDS; kind++) {
                int from = stepIndex(kind, color, target);
                near[index] |= step[from];
                near[index + 1] |= step[from + 1];
            }
        }
    }

    private static short[] lineReach() {
        short[] table = new short[9 << 9];
        for (int position = 0; position < 9; position++) {
            for (int occupied = 0; occupied < 512; occupied++) {
                int reach = 0;
                for (int i = position + 1; i < 9; i++) {
                    reach |= 1 << i;
                    if ((occupied >> i & 1) != 0) {
                        break;
                    }
                }
                for (int i = position - 1; i >= 0; i--) {
                    reach |= 1 << i;
                    if ((occupied >> i & 1) != 0) {
                        break;
                    }
                }
                table[position << 9 | occupied] = (short) reach;
            }
        }
        return table;
    }
}
