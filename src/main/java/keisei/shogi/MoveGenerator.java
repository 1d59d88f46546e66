package keisei.shogi;

import static keisei.shogi.Geometry.stepIndex;

/**
 * Writes the legal moves of a position. Order: king; pawns; knights, silvers, golds of the low word of squares,
 * then of the high word; lances, bishops and horses, rooks and dragons in the same way; pinned pieces; drops from pawn to rook.
 * Within a piece its promotions come before its other moves; within those, targets by square.
 */
final class MoveGenerator {
    private static final int PROMOTE = Move.board(0, 0, true);

    private MoveGenerator() {}

    static int generate(Position p, int[] out) {
        MoveLimits limits = p.limits;
        limits.compute(p);
        KingSafety.compute(p);
        int n = write(out, 0, p.kings[p.side] << 7, limits.kingLow, limits.kingHigh);
        if (limits.checkers > 1) {
            return n;
        }
        n = pawns(p, out, n);
        n = steppers(p, out, n);
        n = sliders(p, out, n);
        if (limits.checkers == 0) {
            n = pinned(p, out, n);
        }
        return p.hands[p.side] == 0 ? n : drops(p, out, n);
    }

    /** All pawns at once, by shifting the board one row; a pawn's origin follows from its target. */
    private static int pawns(Position p, int[] out, int start) {
        MoveLimits limits = p.limits;
        Geometry g = p.geometry;
        int us = p.side;
        int size = g.size;
        long pawnLow = p.sets[Pieces.PAWN * 4 + us * 2] & ~limits.pinnedLow;
        long pawnHigh = p.sets[Pieces.PAWN * 4 + us * 2 + 1] & ~limits.pinnedHigh;
        long low;
        long high;
        int back;
        if (us == 0) {
            low = pawnLow >>> size | pawnHigh << 64 - size;
            high = pawnHigh >>> size;
            back = size;
        } else {
            low = pawnLow << size;
            high = pawnHigh << size | pawnLow >>> 64 - size;
            back = -size;
        }
        low &= limits.targetLow;
        high &= limits.targetHigh;
        int i = us * 2;
        int n = writeShifted(out, start, back, PROMOTE, low & g.zone[i], high & g.zone[i + 1]);
        return writeShifted(out, n, back, 0, low & ~g.pawnDead[i], high & ~g.pawnDead[i + 1]);
    }

    private static int writeShifted(int[] out, int start, int back, int flags, long low, long high) {
        int n = start;
        for (long s = low; s != 0; s &= s - 1) {
            int to = Long.numberOfTrailingZeros(s);
            out[n++] = to + back << 7 | to | flags;
        }
        for (long s = high; s != 0; s &= s - 1) {
            int to = 64 | Long.numberOfTrailingZeros(s);
            out[n++] = to + back << 7 | to | flags;
        }
        return n;
    }

    private static int steppers(Position p, int[] out, int start) {
        MoveLimits limits = p.limits;
        Geometry g = p.geometry;
        long[] step = g.step;
        int us = p.side;
        int n = start;
        for (int word = 0; word < 2; word++) {
            long free = ~(word == 0 ? limits.pinnedLow : limits.pinnedHigh);
            int t = us * 2 + word;
            int base = word * 64;
            for (long s = p.sets[Pieces.KNIGHT * 4 + t] & free; s != 0; s &= s - 1) {
                int from = base + Long.numberOfTrailingZeros(s);
                int i = stepIndex(Geometry.STEP_KNIGHT, us, from);
                n = optional(
                        p, out, n, from, g.knightDead, step[i] & limits.targetLow, step[i + 1] & limits.targetHigh);
            }
            for (long s = p.sets[Pieces.SILVER * 4 + t] & free; s != 0; s &= s - 1) {
                int from = base + Long.numberOfTrailingZeros(s);
                int i = stepIndex(Geometry.STEP_SILVER, us, from);
                n = majorOrSilver(p, out, n, from, step[i] & limits.targetLow, step[i + 1] & limits.targetHigh);
            }
            for (long s = p.sets[Pieces.GOLD * 4 + t] & free; s != 0; s &= s - 1) {
                int from = base + Long.numberOfTrailingZeros(s);
                int i = stepIndex(Geometry.STEP_GOLD, us, from);
                n = write(out, n, from << 7, step[i] & limits.targetLow, step[i + 1] & limits.targetHigh);
            }
        }
        return n;
    }

    private static int sliders(Position p, int[] out, int start) {
        MoveLimits limits = p.limits;
        int us = p.side;
        int n = start;
        for (int word = 0; word < 2; word++) {
            long free = ~(word == 0 ? limits.pinnedLow : limits.pinnedHigh);
            int t = us * 2 + word;
            int base = word * 64;
            for (long s = p.sets[Pieces.LANCE * 4 + t] & free; s != 0; s &= s - 1) {
                n = lance(p, out, n, base + Long.numberOfTrailingZeros(s));
            }
            long bishops = p.sets[Pieces.BISHOP * 4 + t] & free;
            long horses = p.sets[Pieces.HORSE * 4 + t] & free;
            for (long s = bishops | horses; s != 0; s &= s - 1) {
                boolean promoted = (horses & s & -s) != 0;
                n = lines(p, out, n, base + Long.numberOfTrailingZeros(s), Geometry.DIAGONAL, promoted);
            }
            long rooks = p.sets[Pieces.ROOK * 4 + t] & free;
            long dragons = p.sets[Pieces.DRAGON * 4 + t] & free;
            for (long s = rooks | dragons; s != 0; s &= s - 1) {
                boolean promoted = (dragons & s & -s) != 0;
                n = lines(p, out, n, base + Long.numberOfTrailingZeros(s), Geometry.ROW, promoted);
            }
        }
        return n;
    }

    private static int lance(Position p, int[] out, int n, int from) {
        Geometry g = p.geometry;
        int line = from * 16 + Geometry.COLUMN * 4;
        int rays = p.side * 256 + 2 * from;
        int reach = Attacks.reach(g.lines, line, p.occupied[0] | p.occupied[2], p.occupied[1] | p.occupied[3]);
        return optional(
                p,
                out,
                n,
                from,
                g.pawnDead,
                Attacks.low(g.lines, line, reach) & g.lanceRays[rays] & p.limits.targetLow,
                Attacks.high(g.lines, line, reach) & g.lanceRays[rays + 1] & p.limits.targetHigh);
    }

    /** A slider along two neighbouring lines, {@code first} being {@code ROW} or {@code DIAGONAL}. */
    private static int lines(Position p, int[] out, int n, int from, int first, boolean promoted) {
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
            return write(
                    out,
                    n,
                    from << 7,
                    (low | g.step[king]) & p.limits.targetLow,
                    (high | g.step[king + 1]) & p.limits.targetHigh);
        }
        return majorOrSilver(p, out, n, from, low & p.limits.targetLow, high & p.limits.targetHigh);
    }

    /** Moves onto these squares of a piece that may promote there, and must where it would be dead. */
    private static int optional(Position p, int[] out, int n, int from, long[] dead, long low, long high) {
        int i = p.side * 2;
        long[] zone = p.geometry.zone;
        int after = write(out, n, from << 7 | PROMOTE, low & zone[i], high & zone[i + 1]);
        return write(out, after, from << 7, low & ~dead[i], high & ~dead[i + 1]);
    }

    /** Moves of a piece that may promote, from a square onto these squares. */
    private static int majorOrSilver(Position p, int[] out, int n, int from, long low, long high) {
        int i = p.side * 2;
        long[] zone = p.geometry.zone;
        boolean inZone = (zone[i + (from >> 6)] >>> from & 1) != 0;
        int after =
                write(out, n, from << 7 | PROMOTE, inZone ? low : low & zone[i], inZone ? high : high & zone[i + 1]);
        return write(out, after, from << 7, low, high);
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
            int kind = Pieces.CLASS[p.board[from]];
            low &= limits.targetLow & Reach.low(p, kind, from);
            high &= limits.targetHigh & Reach.high(p, kind, from);
            n = switch (kind) {
                case Pieces.GOLD, Pieces.HORSE, Pieces.DRAGON -> write(out, n, from << 7, low, high);
                case Pieces.PAWN, Pieces.LANCE -> optional(p, out, n, from, g.pawnDead, low, high);
                case Pieces.KNIGHT -> optional(p, out, n, from, g.knightDead, low, high);
                default -> majorOrSilver(p, out, n, from, low, high);
            };
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
        if ((hand & 0xFF) != 0) {
            n = pawnDrops(p, out, n, low, high);
        }
        if (hand >>> 8 == 0) {
            return n;
        }
        // The squares once, in order; the rows on which a piece would be dead are at one end of them.
        int[] squares = p.limits.squares;
        int count = write(squares, 0, 0, low, high);
        for (int type = 1; type < PieceType.HAND_TYPES; type++) {
            if ((hand >>> 8 * type & 0xFF) == 0) {
                continue;
            }
            int dead = switch (type) {
                case Pieces.LANCE ->
                    Long.bitCount(low & g.pawnDead[us * 2]) + Long.bitCount(high & g.pawnDead[us * 2 + 1]);
                case Pieces.KNIGHT ->
                    Long.bitCount(low & g.knightDead[us * 2]) + Long.bitCount(high & g.knightDead[us * 2 + 1]);
                default -> 0;
            };
            n = copy(squares, us == 0 ? dead : 0, count - dead, out, n, Move.drop(type, 0));
        }
        return n;
    }

    private static int pawnDrops(Position p, int[] out, int n, long low, long high) {
        Geometry g = p.geometry;
        int us = p.side;
        long files = PawnDrops.closedFiles(p);
        long pawnLow = low & ~g.pawnDead[us * 2] & ~g.filesLow(files);
        long pawnHigh = high & ~g.pawnDead[us * 2 + 1] & ~g.filesHigh(files);
        int mate = PawnDrops.forbiddenMate(p, pawnLow, pawnHigh);
        if (mate >= 64) {
            pawnHigh &= ~(1L << mate);
        } else if (mate >= 0) {
            pawnLow &= ~(1L << mate);
        }
        return write(out, n, Move.drop(Pieces.PAWN, 0), pawnLow, pawnHigh);
    }

    private static int copy(int[] squares, int from, int count, int[] out, int n, int base) {
        for (int i = 0; i < count; i++) {
            out[n + i] = base | squares[from + i];
        }
        return n + count;
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
