package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/**
 * Writes the legal moves of a position. Order: king, pawns, lances, knights, silvers, golds, bishops, rooks, horses,
 * dragons, pinned pieces, drops from pawn to rook; within a piece its promotions before its other moves; within those
 * by target square.
 */
final class MoveGenerator {
    private static final int PROMOTE = Move.board(0, 0, true);

    private MoveGenerator() {}

    static int generate(Position p, int[] out) {
        MoveLimits limits = p.limits;
        limits.compute(p);
        int n = king(p, out, 0);
        if (limits.checkers > 1) {
            return n;
        }
        long freeLow = ~limits.pinnedLow;
        long freeHigh = ~limits.pinnedHigh;
        for (int kind = 0; kind < Pieces.CLASSES; kind++) {
            if (kind == Pieces.KING) {
                continue;
            }
            int set = kind * 4 + p.side * 2;
            for (long s = p.sets[set] & freeLow; s != 0; s &= s - 1) {
                n = piece(p, out, n, kind, Long.numberOfTrailingZeros(s), limits.targetLow, limits.targetHigh);
            }
            for (long s = p.sets[set + 1] & freeHigh; s != 0; s &= s - 1) {
                n = piece(p, out, n, kind, 64 + Long.numberOfTrailingZeros(s), limits.targetLow, limits.targetHigh);
            }
        }
        if (limits.checkers == 0) {
            n = pinned(p, out, n);
        }
        return p.hands[p.side] == 0 ? n : drops(p, out, n);
    }

    private static int king(Position p, int[] out, int start) {
        int us = p.side;
        int king = p.kings[us];
        if (king < 0) {
            return start;
        }
        int n = start;
        int i = stepIndex(Geometry.STEP_KING, us, king);
        for (long s = p.geometry.step[i] & ~p.occupied[us * 2]; s != 0; s &= s - 1) {
            int to = Long.numberOfTrailingZeros(s);
            if (KingSafety.safe(p, king, to)) {
                out[n++] = king << 7 | to;
            }
        }
        for (long s = p.geometry.step[i + 1] & ~p.occupied[us * 2 + 1]; s != 0; s &= s - 1) {
            int to = 64 + Long.numberOfTrailingZeros(s);
            if (KingSafety.safe(p, king, to)) {
                out[n++] = king << 7 | to;
            }
        }
        return n;
    }

    /** Moves of one piece onto the given squares. */
    private static int piece(Position p, int[] out, int n, int kind, int from, long targetLow, long targetHigh) {
        Geometry g = p.geometry;
        int us = p.side;
        long low = Reach.low(p, kind, from) & targetLow;
        long high = Reach.high(p, kind, from) & targetHigh;
        switch (kind) {
            case Pieces.GOLD, Pieces.HORSE, Pieces.DRAGON -> {
                return write(out, n, from << 7, low, high);
            }
            case Pieces.PAWN, Pieces.LANCE -> {
                int after = write(out, n, from << 7 | PROMOTE, low & g.zone[us * 2], high & g.zone[us * 2 + 1]);
                return write(out, after, from << 7, low & ~g.pawnDead[us * 2], high & ~g.pawnDead[us * 2 + 1]);
            }
            case Pieces.KNIGHT -> {
                int after = write(out, n, from << 7 | PROMOTE, low & g.zone[us * 2], high & g.zone[us * 2 + 1]);
                return write(out, after, from << 7, low & ~g.knightDead[us * 2], high & ~g.knightDead[us * 2 + 1]);
            }
            default -> {
                boolean inZone = (g.zone[us * 2 + (from >> 6)] >>> from & 1) != 0;
                int after = write(
                        out,
                        n,
                        from << 7 | PROMOTE,
                        inZone ? low : low & g.zone[us * 2],
                        inZone ? high : high & g.zone[us * 2 + 1]);
                return write(out, after, from << 7, low, high);
            }
        }
    }

    private static int pinned(Position p, int[] out, int start) {
        MoveLimits limits = p.limits;
        Geometry g = p.geometry;
        int n = start;
        for (int i = 0; i < limits.pins; i++) {
            int from = limits.pin[i] >> 7;
            int pinner = limits.pin[i] & 127;
            int line = g.betweenIndex(p.kings[p.side], pinner);
            long low = g.between[line] | (pinner < 64 ? 1L << pinner : 0);
            long high = g.between[line + 1] | (pinner < 64 ? 0 : 1L << pinner);
            n = piece(p, out, n, Pieces.CLASS[p.board[from]], from, low & limits.targetLow, high & limits.targetHigh);
        }
        return n;
    }

    private static int drops(Position p, int[] out, int start) {
        Geometry g = p.geometry;
        int us = p.side;
        int them = 1 - us;
        long low = p.limits.targetLow & ~p.occupied[them * 2];
        long high = p.limits.targetHigh & ~p.occupied[them * 2 + 1];
        if ((low | high) == 0) {
            return start;
        }
        int n = start;
        long hand = p.hands[us];
        for (int type = 0; type < PieceType.HAND_TYPES; type++, hand >>>= 8) {
            if ((hand & 0xFF) == 0) {
                continue;
            }
            int base = Move.drop(type, 0);
            switch (type) {
                case Pieces.PAWN -> {
                    long files = PawnDrops.closedFiles(p);
                    long pawnLow = low & ~g.pawnDead[us * 2] & ~g.filesLow(files);
                    long pawnHigh = high & ~g.pawnDead[us * 2 + 1] & ~g.filesHigh(files);
                    int mate = PawnDrops.forbiddenMate(p, pawnLow, pawnHigh);
                    if (mate >= 64) {
                        pawnHigh &= ~(1L << mate);
                    } else if (mate >= 0) {
                        pawnLow &= ~(1L << mate);
                    }
                    n = write(out, n, base, pawnLow, pawnHigh);
                }
                case Pieces.LANCE -> n = write(out, n, base, low & ~g.pawnDead[us * 2], high & ~g.pawnDead[us * 2 + 1]);
                case Pieces.KNIGHT ->
                    n = write(out, n, base, low & ~g.knightDead[us * 2], high & ~g.knightDead[us * 2 + 1]);
                default -> n = write(out, n, base, low, high);
            }
        }
        return n;
    }

    private static int write(int[] out, int start, int base, long low, long high) {
        int n = start;
        for (long s = low; s != 0; s &= s - 1) {
            out[n++] = base | Long.numberOfTrailingZeros(s);
        }
        for (long s = high; s != 0; s &= s - 1) {
            out[n++] = base | 64 | Long.numberOfTrailingZeros(s);
        }
        return n;
    }
}
