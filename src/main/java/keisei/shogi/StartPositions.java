package keisei.shogi;

/** The start positions, built once from the variants' SFEN boards. */
final class StartPositions {
    private static final Position SHOGI = build(Variant.SHOGI);
    private static final Position MINISHOGI = build(Variant.MINISHOGI);

    private StartPositions() {}

    static Position of(Variant variant) {
        return variant == Variant.SHOGI ? SHOGI : MINISHOGI;
    }

    /** Reads the board field only: a start position has empty hands, no promoted pieces, and Black to move. */
    private static Position build(Variant variant) {
        int[] pieces = new int[variant.squares()];
        int square = 0;
        String text = variant.startSfen();
        for (int i = 0; text.charAt(i) != ' '; i++) {
            char c = text.charAt(i);
            if (Character.isDigit(c)) {
                square += c - '0';
            } else if (c != '/') {
                int type = "PLNSGBRK".indexOf(Character.toUpperCase(c));
                pieces[square++] = Pieces.code(Character.isUpperCase(c) ? 0 : 1, type);
            }
        }
        return Position.of(variant, pieces, new int[2][PieceType.HAND_TYPES], Color.BLACK, 1);
    }
}
