package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/** The two rules that only a dropped pawn knows: one unpromoted pawn on a file, and no mate by it. */
final class PawnDrops {
    private PawnDrops() {}

    /** Files with an unpromoted pawn of the side to move: bit {@code column}. */
    static long closedFiles(Position p) {
        int set = Pieces.PAWN * 4 + p.side * 2;
        long low = p.sets[set];
        long high = p.sets[set + 1];
        if (p.geometry.size == 5) {
            return (low | low >>> 5 | low >>> 10 | low >>> 15 | low >>> 20) & 0x1F;
        }
        // Rows 0-6 fill bits 0-62; row 7 begins at bit 63.
        long rows = low & Long.MAX_VALUE;
        rows |= rows >>> 27 | rows >>> 54;
        long last = low >>> 63 | high << 1;
        return (rows | rows >>> 9 | rows >>> 18 | last | last >>> 9) & 0x1FF;
    }

    /**
     * The one square on which a pawn drop would be forbidden because it mates, or -1.
     *
     * @param low squares that a pawn may be dropped on otherwise
     * @param high their high word
     */
    static int forbiddenMate(Position p, long low, long high) {
        int us = p.side;
        int them = 1 - us;
        int king = p.kings[them];
        if (king < 0) {
            return -1;
        }
        // The square in front of the enemy king is where the enemy's own pawn would step from there.
        int i = stepIndex(Geometry.STEP_PAWN, them, king);
        long frontLow = p.geometry.step[i] & low;
        long frontHigh = p.geometry.step[i + 1] & high;
        if ((frontLow | frontHigh) == 0) {
            return -1;
        }
        int drop = frontLow != 0 ? Long.numberOfTrailingZeros(frontLow) : 64 + Long.numberOfTrailingZeros(frontHigh);
        return mates(p, drop, king, them) ? drop : -1;
    }

    /** Whether a pawn of the side to move on the square in front of the enemy king is mate. */
    private static boolean mates(Position p, int drop, int king, int them) {
        int us = 1 - them;
        long occupiedLow = p.occupied[0] | p.occupied[2];
        long occupiedHigh = p.occupied[1] | p.occupied[3];
        if (drop < 64) {
            occupiedLow |= 1L << drop;
        } else {
            occupiedHigh |= 1L << drop;
        }
        if (!Attacks.attacked(p, drop, us, occupiedLow, occupiedHigh)) {
            return false;
        }
        return !canTake(p, drop, king, them, occupiedLow, occupiedHigh)
                && !canFlee(p, drop, king, them, occupiedLow, occupiedHigh);
    }

    /** Whether the king has a safe square other than the pawn's. */
    private static boolean canFlee(Position p, int drop, int king, int them, long occupiedLow, long occupiedHigh) {
        long withoutKingLow = king < 64 ? occupiedLow & ~(1L << king) : occupiedLow;
        long withoutKingHigh = king < 64 ? occupiedHigh : occupiedHigh & ~(1L << king);
        int i = stepIndex(Geometry.STEP_KING, them, king);
        for (int word = 0; word < 2; word++) {
            for (long s = p.geometry.step[i + word] & ~p.occupied[them * 2 + word]; s != 0; s &= s - 1) {
                int to = word * 64 + Long.numberOfTrailingZeros(s);
                if (to != drop && !Attacks.attacked(p, to, 1 - them, withoutKingLow, withoutKingHigh)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether a piece other than the king takes the pawn without leaving the king in check. */
    private static boolean canTake(Position p, int drop, int king, int them, long occupiedLow, long occupiedHigh) {
        Geometry g = p.geometry;
        int us = 1 - them;
        int row = g.betweenIndex(drop, 0);
        for (int word = 0; word < 2; word++) {
            int t = them * 2 + word;
            long takers = g.step[stepIndex(Geometry.STEP_PAWN, us, drop) + word] & p.sets[Pieces.PAWN * 4 + t]
                    | g.step[stepIndex(Geometry.STEP_KNIGHT, us, drop) + word] & p.sets[Pieces.KNIGHT * 4 + t]
                    | g.step[stepIndex(Geometry.STEP_SILVER, us, drop) + word] & p.sets[Pieces.SILVER * 4 + t]
                    | g.step[stepIndex(Geometry.STEP_GOLD, us, drop) + word] & p.sets[Pieces.GOLD * 4 + t]
                    | g.step[stepIndex(Geometry.STEP_KING, us, drop) + word]
                            & (p.sets[Pieces.HORSE * 4 + t] | p.sets[Pieces.DRAGON * 4 + t]);
            for (long s = takers | Attacks.sliders(p, drop, them, word); s != 0; s &= s - 1) {
                int from = word * 64 + Long.numberOfTrailingZeros(s);
                boolean steps = (takers >>> from & 1) != 0;
                int i = row + 2 * from;
                boolean reaches = steps || (g.between[i] & occupiedLow | g.between[i + 1] & occupiedHigh) == 0;
                if (reaches && !exposes(p, from, king, us, occupiedLow, occupiedHigh)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Whether a slider of {@code by} reaches the king once {@code from} has gone (the pawn's square stays occupied). */
    private static boolean exposes(Position p, int from, int king, int by, long occupiedLow, long occupiedHigh) {
        return from < 64
                ? Attacks.slidden(p, king, by, occupiedLow & ~(1L << from), occupiedHigh)
                : Attacks.slidden(p, king, by, occupiedLow, occupiedHigh & ~(1L << from));
    }
}
