package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/** Counts the legal moves of a position without writing them: target squares are counted as bits. */
final class MoveCounter {
    private MoveCounter() {}

    /**
     * Counts.
     *
     * @param any stop at the first kind of piece that has a move
     * @return the number of legal moves; with {@code any}, some positive number if there is one
     */
    static int count(Position p, boolean any) {
        MoveLimits limits = p.limits;
        limits.compute(p);
        KingSafety.compute(p);
        int n = bits(limits.kingLow, limits.kingHigh);
        if (limits.checkers > 1 || any && n > 0) {
            return n;
        }
        n += pawns(p);
        if (any && n > 0) {
            return n;
        }
        n += drops(p);
        if (any && n > 0) {
            return n;
        }
        n += steppers(p) + sliders(p);
        return limits.pins > 0 && limits.checkers == 0 ? n + pinned(p) : n;
    }

    private static int bits(long low, long high) {
        return Long.bitCount(low) + Long.bitCount(high);
    }

    /** All pawns at once, by shifting the board one row. */
    private static int pawns(Position p) {
        MoveLimits limits = p.limits;
        Geometry g = p.geometry;
        int us = p.side;
        int size = g.size;
        long pawnLow = p.sets[Pieces.PAWN * 4 + us * 2] & ~limits.pinnedLow;
        long pawnHigh = p.sets[Pieces.PAWN * 4 + us * 2 + 1] & ~limits.pinnedHigh;
        long low;
        long high;
        if (us == 0) {
            low = pawnLow >>> size | pawnHigh << 64 - size;
            high = pawnHigh >>> size;
        } else {
            low = pawnLow << size;
            high = pawnHigh << size | pawnLow >>> 64 - size;
        }
        low &= limits.targetLow;
        high &= limits.targetHigh;
        return optional(p, g.pawnDead, low, high);
    }

    /** Moves onto these squares of pieces that may promote there, and must where they would be dead. */
    private static int optional(Position p, long[] dead, long low, long high) {
        int i = p.side * 2;
        long[] zone = p.geometry.zone;
        return bits(low & ~dead[i], high & ~dead[i + 1]) + bits(low & zone[i], high & zone[i + 1]);
    }

    /** Moves of a piece that may promote, from a square onto these squares. */
    private static int majorOrSilver(Position p, int from, long low, long high) {
        int i = p.side * 2;
        long[] zone = p.geometry.zone;
        int n = bits(low, high);
        boolean inZone = (zone[i + (from >> 6)] >>> from & 1) != 0;
        return n + (inZone ? n : bits(low & zone[i], high & zone[i + 1]));
    }

    private static int steppers(Position p) {
        MoveLimits limits = p.limits;
        Geometry g = p.geometry;
        long[] step = g.step;
        int us = p.side;
        int n = 0;
        for (int word = 0; word < 2; word++) {
            long free = ~(word == 0 ? limits.pinnedLow : limits.pinnedHigh);
            int t = us * 2 + word;
            int base = word * 64;
            for (long s = p.sets[Pieces.KNIGHT * 4 + t] & free; s != 0; s &= s - 1) {
                int i = stepIndex(Geometry.STEP_KNIGHT, us, base + Long.numberOfTrailingZeros(s));
                n += optional(p, g.knightDead, step[i] & limits.targetLow, step[i + 1] & limits.targetHigh);
            }
            for (long s = p.sets[Pieces.SILVER * 4 + t] & free; s != 0; s &= s - 1) {
                int from = base + Long.numberOfTrailingZeros(s);
                int i = stepIndex(Geometry.STEP_SILVER, us, from);
                n += majorOrSilver(p, from, step[i] & limits.targetLow, step[i + 1] & limits.targetHigh);
            }
            for (long s = p.sets[Pieces.GOLD * 4 + t] & free; s != 0; s &= s - 1) {
                int i = stepIndex(Geometry.STEP_GOLD, us, base + Long.numberOfTrailingZeros(s));
                n += bits(step[i] & limits.targetLow, step[i + 1] & limits.targetHigh);
            }
        }
        return n;
    }

    private static int sliders(Position p) {
        MoveLimits limits = p.limits;
        int us = p.side;
        int n = 0;
        for (int word = 0; word < 2; word++) {
            long free = ~(word == 0 ? limits.pinnedLow : limits.pinnedHigh);
            int t = us * 2 + word;
            int base = word * 64;
            for (long s = p.sets[Pieces.LANCE * 4 + t] & free; s != 0; s &= s - 1) {
                n += lance(p, base + Long.numberOfTrailingZeros(s), limits.targetLow, limits.targetHigh);
            }
            long bishops = p.sets[Pieces.BISHOP * 4 + t] & free;
            long horses = p.sets[Pieces.HORSE * 4 + t] & free;
            for (long s = bishops | horses; s != 0; s &= s - 1) {
                boolean promoted = (horses & s & -s) != 0;
                n += lines(
                        p,
                        base + Long.numberOfTrailingZeros(s),
                        Geometry.DIAGONAL,
                        promoted,
                        limits.targetLow,
                        limits.targetHigh);
            }
            long rooks = p.sets[Pieces.ROOK * 4 + t] & free;
            long dragons = p.sets[Pieces.DRAGON * 4 + t] & free;
            for (long s = rooks | dragons; s != 0; s &= s - 1) {
                boolean promoted = (dragons & s & -s) != 0;
                n += lines(
                        p,
                        base + Long.numberOfTrailingZeros(s),
                        Geometry.ROW,
                        promoted,
                        limits.targetLow,
                        limits.targetHigh);
            }
        }
        return n;
    }

    private static int lance(Position p, int from, long targetLow, long targetHigh) {
        Geometry g = p.geometry;
        int us = p.side;
        int line = from * 16 + Geometry.COLUMN * 4;
        int rays = us * 256 + 2 * from;
        int reach = Attacks.reach(g.lines, line, p.occupied[0] | p.occupied[2], p.occupied[1] | p.occupied[3]);
        return optional(
                p,
                g.pawnDead,
                Attacks.low(g.lines, line, reach) & g.lanceRays[rays] & targetLow,
                Attacks.high(g.lines, line, reach) & g.lanceRays[rays + 1] & targetHigh);
    }

    /** A slider along two neighbouring lines, {@code first} being {@code ROW} or {@code DIAGONAL}. */
    private static int lines(Position p, int from, int first, boolean promoted, long targetLow, long targetHigh) {
        Geometry g = p.geometry;
        long[] lines = g.lines;
        long occupiedLow = p.occupied[0] | p.occupied[2];
        long occupiedHigh = p.occupied[1] | p.occupied[3];
        int one = from * 16 + first * 4;
        int two = one + 4;
        int reachOne = Attacks.reach(lines, one, occupiedLow, occupiedHigh);
        int reachTwo = Attacks.reach(lines, two, occupiedLow, occupiedHigh);
        long low = Attacks.low(lines, one, reachOne) | Attacks.low(lines, two, reachTwo);
        long high = Attacks.high(lines, one, reachOne) | Attacks.high(lines, two, reachTwo);
        if (promoted) {
            int king = stepIndex(Geometry.STEP_KING, p.side, from);
            return bits((low | g.step[king]) & targetLow, (high | g.step[king + 1]) & targetHigh);
        }
        return majorOrSilver(p, from, low & targetLow, high & targetHigh);
    }

    private static int pinned(Position p) {
        MoveLimits limits = p.limits;
        Geometry g = p.geometry;
        int us = p.side;
        int n = 0;
        for (int i = 0; i < limits.pins; i++) {
            int from = limits.pin[i] >> 7;
            int pinner = limits.pin[i] & 127;
            int line = g.betweenIndex(p.kings[us], pinner);
            long low = (g.between[line] | (pinner < 64 ? 1L << pinner : 0)) & limits.targetLow;
            long high = (g.between[line + 1] | (pinner < 64 ? 0 : 1L << pinner)) & limits.targetHigh;
            int kind = Pieces.CLASS[p.board[from]];
            low &= Reach.low(p, kind, from);
            high &= Reach.high(p, kind, from);
            n += switch (kind) {
                case Pieces.GOLD, Pieces.HORSE, Pieces.DRAGON -> bits(low, high);
                case Pieces.PAWN, Pieces.LANCE -> optional(p, g.pawnDead, low, high);
                case Pieces.KNIGHT -> optional(p, g.knightDead, low, high);
                default -> majorOrSilver(p, from, low, high);
            };
        }
        return n;
    }

    private static int drops(Position p) {
        int us = p.side;
        long hand = p.hands[us];
        if (hand == 0) {
            return 0;
        }
        Geometry g = p.geometry;
        int them = 1 - us;
        long low = p.limits.targetLow & ~p.occupied[them * 2];
        long high = p.limits.targetHigh & ~p.occupied[them * 2 + 1];
        if ((low | high) == 0) {
            return 0;
        }
        int n = 0;
        long lowLiving = low & ~g.pawnDead[us * 2];
        long highLiving = high & ~g.pawnDead[us * 2 + 1];
        if ((hand & 0xFF) != 0) {
            long files = PawnDrops.closedFiles(p);
            long pawnLow = lowLiving & ~g.filesLow(files);
            long pawnHigh = highLiving & ~g.filesHigh(files);
            n += bits(pawnLow, pawnHigh) - (PawnDrops.forbiddenMate(p, pawnLow, pawnHigh) >= 0 ? 1 : 0);
        }
        if ((hand >>> 8 * Pieces.LANCE & 0xFF) != 0) {
            n += bits(lowLiving, highLiving);
        }
        if ((hand >>> 8 * Pieces.KNIGHT & 0xFF) != 0) {
            n += bits(low & ~g.knightDead[us * 2], high & ~g.knightDead[us * 2 + 1]);
        }
        // Counts are at most 18, so bit 7 of a byte plus 127 tells whether the byte is above zero.
        long others = (hand >>> 8 * Pieces.SILVER) + 0x7F7F7F7FL & 0x80808080L;
        return n + Long.bitCount(others) * bits(low, high);
    }
}
