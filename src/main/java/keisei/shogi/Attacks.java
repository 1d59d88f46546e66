package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/** Who attacks what. Every step is looked up backwards, from the attacked square, with the other color's steps. */
final class Attacks {
    private Attacks() {}

    /** Whether {@code square} is attacked by a color as the board stands. */
    static boolean attacked(Position p, int square, int by) {
        return attacked(p, square, by, p.occupied[0] | p.occupied[2], p.occupied[1] | p.occupied[3]);
    }

    /** The same for another occupation of the board, which sliders look at. */
    static boolean attacked(Position p, int square, int by, long occupiedLow, long occupiedHigh) {
        return stepped(p, square, by) || slidden(p, square, by, occupiedLow, occupiedHigh);
    }

    /** Whether a color's single step reaches a square. */
    static boolean stepped(Position p, int square, int by) {
        long[] step = p.geometry.step;
        long[] sets = p.sets;
        int other = 1 - by;
        int pawn = stepIndex(Geometry.STEP_PAWN, other, square);
        int knight = stepIndex(Geometry.STEP_KNIGHT, other, square);
        int silver = stepIndex(Geometry.STEP_SILVER, other, square);
        int gold = stepIndex(Geometry.STEP_GOLD, other, square);
        int king = stepIndex(Geometry.STEP_KING, other, square);
        int t = by * 2;
        int u = t + 1;
        long hits = step[pawn] & sets[Pieces.PAWN * 4 + t]
                | step[knight] & sets[Pieces.KNIGHT * 4 + t]
                | step[silver] & sets[Pieces.SILVER * 4 + t]
                | step[gold] & sets[Pieces.GOLD * 4 + t]
                | step[king] & (sets[Pieces.KING * 4 + t] | sets[Pieces.HORSE * 4 + t] | sets[Pieces.DRAGON * 4 + t])
                | step[pawn + 1] & sets[Pieces.PAWN * 4 + u]
                | step[knight + 1] & sets[Pieces.KNIGHT * 4 + u]
                | step[silver + 1] & sets[Pieces.SILVER * 4 + u]
                | step[gold + 1] & sets[Pieces.GOLD * 4 + u]
                | step[king + 1]
                        & (sets[Pieces.KING * 4 + u] | sets[Pieces.HORSE * 4 + u] | sets[Pieces.DRAGON * 4 + u]);
        return hits != 0;
    }

    /** Whether a color's slider reaches a square over the given occupation. */
    static boolean slidden(Position p, int square, int by, long occupiedLow, long occupiedHigh) {
        long[] between = p.geometry.between;
        int row = p.geometry.betweenIndex(square, 0);
        for (long s = sliders(p, square, by, 0); s != 0; s &= s - 1) {
            int i = row + 2 * Long.numberOfTrailingZeros(s);
            if ((between[i] & occupiedLow | between[i + 1] & occupiedHigh) == 0) {
                return true;
            }
        }
        for (long s = sliders(p, square, by, 1); s != 0; s &= s - 1) {
            int i = row + 2 * (64 + Long.numberOfTrailingZeros(s));
            if ((between[i] & occupiedLow | between[i + 1] & occupiedHigh) == 0) {
                return true;
            }
        }
        return false;
    }

    /** One word of the sliders of a color that would reach a square on an empty board. */
    static long sliders(Position p, int square, int by, int word) {
        Geometry g = p.geometry;
        long[] sets = p.sets;
        int t = by * 2 + word;
        int i = 2 * square + word;
        return g.rookRays[i] & (sets[Pieces.ROOK * 4 + t] | sets[Pieces.DRAGON * 4 + t])
                | g.bishopRays[i] & (sets[Pieces.BISHOP * 4 + t] | sets[Pieces.HORSE * 4 + t])
                | g.lanceRays[(1 - by) * 256 + i] & sets[Pieces.LANCE * 4 + t];
    }

    /**
     * Reach along one line through a square as a number with one bit for each square of the line, see
     * {@link Geometry#lines}.
     */
    static int reach(long[] lines, int line, long occupiedLow, long occupiedHigh) {
        long occupation = Long.compress(occupiedLow, lines[line])
                | Long.compress(occupiedHigh, lines[line + 1]) << lines[line + 2];
        return Geometry.LINE_REACH[(int) (lines[line + 3] | occupation)];
    }

    /** Low word of a reach. */
    static long low(long[] lines, int line, int reach) {
        return Long.expand(reach, lines[line]);
    }

    /** High word of a reach. */
    static long high(long[] lines, int line, int reach) {
        return Long.expand(reach >>> lines[line + 2], lines[line + 1]);
    }
}
