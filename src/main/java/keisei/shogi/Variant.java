package keisei.shogi;

/** The games that the rules engine plays. Squares are row-major: row 0 is rank a, column 0 the highest file. */
public enum Variant {
    /** Shogi on 9x9. */
    SHOGI("shogi", 9, 3, "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1", 18, 4, 4, 4, 4, 2, 2),
    /** Minishogi on 5x5. */
    MINISHOGI("minishogi", 5, 1, "rbsgk/4p/5/P4/KGSBR b - 1", 2, 0, 0, 2, 2, 2, 2);

    private final String id;
    private final int size;
    private final int promotionRows;
    private final String startSfen;
    private final int[] handLimits;

    Variant(String id, int size, int promotionRows, String startSfen, int... handLimits) {
        this.id = id;
        this.size = size;
        this.promotionRows = promotionRows;
        this.startSfen = startSfen;
        this.handLimits = handLimits;
    }

    /** Name in configuration and on the command line. */
    public String id() {
        return id;
    }

    /** Rows, and columns, of the board. */
    public int size() {
        return size;
    }

    /** Squares of the board. */
    public int squares() {
        return size * size;
    }

    /** Depth of the promotion zone, counted from the far row. */
    public int promotionRows() {
        return promotionRows;
    }

    /** The start position. */
    public String startSfen() {
        return startSfen;
    }

    /** How many pieces of hand type {@code type} exist; 0 where the game lacks it. */
    public int handLimit(int type) {
        return handLimits[type];
    }

    /** Whether the game has this kind of piece. */
    public boolean has(PieceType type) {
        return type == PieceType.KING || handLimits[type.unpromote().ordinal()] > 0;
    }
}
