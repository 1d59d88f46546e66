package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/** Where the king of the side to move may go. */
final class KingSafety {
    private KingSafety() {}

    /**
     * Finds the squares next to the king of the side to move that are not attacked once it has left, and writes them to
     * {@link MoveLimits#kingLow} and {@link MoveLimits#kingHigh}.
     */
    static void compute(Position p) {
        MoveLimits limits = p.limits;
        int us = p.side;
        int king = p.kings[us];
        if (king < 0) {
            limits.kingLow = 0;
            limits.kingHigh = 0;
            return;
        }
        Geometry g = p.geometry;
        int i = stepIndex(Geometry.STEP_KING, us, king);
        long low = g.step[i] & ~p.occupied[us * 2];
        long high = g.step[i + 1] & ~p.occupied[us * 2 + 1];
        if ((low | high) != 0) {
            avoidSteps(p, king, low, high);
            avoidSliders(p, king);
        } else {
            limits.kingLow = 0;
            limits.kingHigh = 0;
        }
    }

    /** Takes away what the few enemy pieces near the king reach in one step. */
    private static void avoidSteps(Position p, int king, long low, long high) {
        Geometry g = p.geometry;
        int us = p.side;
        int them = 1 - us;
        int near = us * 256 + 2 * king;
        long attackedLow = 0;
        long attackedHigh = 0;
        for (long s = g.near[near] & p.occupied[them * 2]; s != 0; s &= s - 1) {
            int square = Long.numberOfTrailingZeros(s);
            int i = stepIndex(Geometry.STEP_OF_CLASS[Pieces.CLASS[p.board[square]]], them, square);
            attackedLow |= g.step[i];
            attackedHigh |= g.step[i + 1];
        }
        for (long s = g.near[near + 1] & p.occupied[them * 2 + 1]; s != 0; s &= s - 1) {
            int square = 64 | Long.numberOfTrailingZeros(s);
            int i = stepIndex(Geometry.STEP_OF_CLASS[Pieces.CLASS[p.board[square]]], them, square);
            attackedLow |= g.step[i];
            attackedHigh |= g.step[i + 1];
        }
        p.limits.kingLow = low & ~attackedLow;
        p.limits.kingHigh = high & ~attackedHigh;
    }

    /** Takes away what sliders reach when the king no longer stands in their way. */
    private static void avoidSliders(Position p, int king) {
        MoveLimits limits = p.limits;
        long occupiedLow = p.occupied[0] | p.occupied[2];
        long occupiedHigh = p.occupied[1] | p.occupied[3];
        if (king < 64) {
            occupiedLow &= ~(1L << king);
        } else {
            occupiedHigh &= ~(1L << king);
        }
        int them = 1 - p.side;
        for (long s = limits.kingLow; s != 0; s &= s - 1) {
            if (Attacks.slidden(p, Long.numberOfTrailingZeros(s), them, occupiedLow, occupiedHigh)) {
                limits.kingLow ^= s & -s;
            }
        }
        for (long s = limits.kingHigh; s != 0; s &= s - 1) {
            if (Attacks.slidden(p, 64 | Long.numberOfTrailingZeros(s), them, occupiedLow, occupiedHigh)) {
                limits.kingHigh ^= s & -s;
            }
        }
    }
}
