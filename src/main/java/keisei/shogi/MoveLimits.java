package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/**
 * What the king of the side to move asks of the other pieces: which squares they may move to, and which of them are
 * pinned. Computed once for a position, then every move can be judged without playing it.
 */
final class MoveLimits {
    /** Squares that a piece other than the king may move to: not own, and parrying a check if there is one. */
    long targetLow;

    long targetHigh;

    /** Own pieces that stand alone between their king and an enemy slider. */
    long pinnedLow;

    long pinnedHigh;

    /** Squares that the king may move to, see {@link KingSafety}. */
    long kingLow;

    long kingHigh;

    /** Enemy pieces giving check. */
    int checkers;

    int pins;

    /** Pinned square and square of the slider that pins it: {@code pinned << 7 | pinner}. */
    final int[] pin = new int[8];

    /** Scratch space: squares to drop on. */
    final int[] squares = new int[81];

    /** Looks at a position's side to move. */
    void compute(Position p) {
        Geometry g = p.geometry;
        int us = p.side;
        int them = 1 - us;
        long ownLow = p.occupied[us * 2];
        long ownHigh = p.occupied[us * 2 + 1];
        targetLow = g.boardLow & ~ownLow;
        targetHigh = g.boardHigh & ~ownHigh;
        pinnedLow = 0;
        pinnedHigh = 0;
        checkers = 0;
        pins = 0;
        int king = p.kings[us];
        if (king < 0) {
            return;
        }
        long[] sets = p.sets;
        long occupiedLow = ownLow | p.occupied[them * 2];
        long occupiedHigh = ownHigh | p.occupied[them * 2 + 1];
        long checkLow = 0;
        long checkHigh = 0;
        int near = us * 256 + 2 * king;
        if ((g.near[near] & p.occupied[them * 2] | g.near[near + 1] & p.occupied[them * 2 + 1]) != 0) {
            long[] step = g.step;
            int pawn = stepIndex(Geometry.STEP_PAWN, us, king);
            int knight = stepIndex(Geometry.STEP_KNIGHT, us, king);
            int silver = stepIndex(Geometry.STEP_SILVER, us, king);
            int gold = stepIndex(Geometry.STEP_GOLD, us, king);
            int any = stepIndex(Geometry.STEP_KING, us, king);
            int t = them * 2;
            checkLow = step[pawn] & sets[Pieces.PAWN * 4 + t]
                    | step[knight] & sets[Pieces.KNIGHT * 4 + t]
                    | step[silver] & sets[Pieces.SILVER * 4 + t]
                    | step[gold] & sets[Pieces.GOLD * 4 + t]
                    | step[any] & (sets[Pieces.HORSE * 4 + t] | sets[Pieces.DRAGON * 4 + t]);
            t++;
            checkHigh = step[pawn + 1] & sets[Pieces.PAWN * 4 + t]
                    | step[knight + 1] & sets[Pieces.KNIGHT * 4 + t]
                    | step[silver + 1] & sets[Pieces.SILVER * 4 + t]
                    | step[gold + 1] & sets[Pieces.GOLD * 4 + t]
                    | step[any + 1] & (sets[Pieces.HORSE * 4 + t] | sets[Pieces.DRAGON * 4 + t]);
        }
        long sliderLow = Attacks.sliders(p, king, them, 0);
        long sliderHigh = Attacks.sliders(p, king, them, 1);
        while ((sliderLow | sliderHigh) != 0) {
            int slider;
            if (sliderLow != 0) {
                slider = Long.numberOfTrailingZeros(sliderLow);
                sliderLow &= sliderLow - 1;
            } else {
                slider = 64 + Long.numberOfTrailingZeros(sliderHigh);
                sliderHigh &= sliderHigh - 1;
            }
            int i = g.betweenIndex(king, slider);
            long blockLow = g.between[i] & occupiedLow;
            long blockHigh = g.between[i + 1] & occupiedHigh;
            int blockers = Long.bitCount(blockLow) + Long.bitCount(blockHigh);
            if (blockers == 0) {
                if (slider < 64) {
                    checkLow |= 1L << slider;
                } else {
                    checkHigh |= 1L << slider;
                }
            } else if (blockers == 1 && (blockLow & ownLow | blockHigh & ownHigh) != 0) {
                pinnedLow |= blockLow;
                pinnedHigh |= blockHigh;
                int square = blockLow != 0
                        ? Long.numberOfTrailingZeros(blockLow)
                        : 64 + Long.numberOfTrailingZeros(blockHigh);
                pin[pins++] = square << 7 | slider;
            }
        }
        checkers = Long.bitCount(checkLow) + Long.bitCount(checkHigh);
        if (checkers == 1) {
            int checker =
                    checkLow != 0 ? Long.numberOfTrailingZeros(checkLow) : 64 + Long.numberOfTrailingZeros(checkHigh);
            int i = g.betweenIndex(king, checker);
            targetLow = checkLow | g.between[i];
            targetHigh = checkHigh | g.between[i + 1];
        } else if (checkers > 1) {
            targetLow = 0;
            targetHigh = 0;
        }
    }
}
