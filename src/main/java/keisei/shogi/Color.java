package keisei.shogi;

/** The two players. Black (sente) moves first and toward row 0. */
public enum Color {
    BLACK,
    WHITE;

    /** The other player. */
    public Color opponent() {
        return this == BLACK ? WHITE : BLACK;
    }
}
