package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/** Where a piece of the side to move reaches on the board as it stands, own pieces included. */
final class Reach {
    private Reach() {}

    /** Low word of the squares that a piece of a movement class reaches. */
    static long low(Position p, int kind, int from) {
        return word(p, kind, from, 0);
    }

    /** High word of the squares that a piece of a movement class reaches. */
    static long high(Position p, int kind, int from) {
        return p.geometry.boardHigh == 0 ? 0 : word(p, kind, from, 1);
    }

    private static long word(Position p, int kind, int from, int word) {
        long[] step = p.geometry.step;
        int us = p.side;
        return switch (kind) {
            case Pieces.PAWN -> step[stepIndex(Geometry.STEP_PAWN, us, from) + word];
            case Pieces.KNIGHT -> step[stepIndex(Geometry.STEP_KNIGHT, us, from) + word];
            case Pieces.SILVER -> step[stepIndex(Geometry.STEP_SILVER, us, from) + word];
            case Pieces.GOLD -> step[stepIndex(Geometry.STEP_GOLD, us, from) + word];
            case Pieces.KING -> step[stepIndex(Geometry.STEP_KING, us, from) + word];
            case Pieces.LANCE ->
                line(p, from, Geometry.COLUMN, word) & p.geometry.lanceRays[us * 256 + 2 * from + word];
            case Pieces.BISHOP -> line(p, from, Geometry.DIAGONAL, word) | line(p, from, Geometry.ANTIDIAGONAL, word);
            case Pieces.ROOK -> line(p, from, Geometry.ROW, word) | line(p, from, Geometry.COLUMN, word);
            case Pieces.HORSE ->
                line(p, from, Geometry.DIAGONAL, word)
                        | line(p, from, Geometry.ANTIDIAGONAL, word)
                        | step[stepIndex(Geometry.STEP_KING, us, from) + word];
            default ->
                line(p, from, Geometry.ROW, word)
                        | line(p, from, Geometry.COLUMN, word)
                        | step[stepIndex(Geometry.STEP_KING, us, from) + word];
        };
    }

    private static long line(Position p, int from, int line, int word) {
        long[] lines = p.geometry.lines;
        int i = from * 16 + line * 4;
        int reach = Attacks.reach(lines, i, p.occupied[0] | p.occupied[2], p.occupied[1] | p.occupied[3]);
        return word == 0 ? Attacks.low(lines, i, reach) : Attacks.high(lines, i, reach);
    }
}
