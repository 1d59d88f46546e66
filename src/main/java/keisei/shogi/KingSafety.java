package keisei.shogi;

/** Whether a king may stand on a square. */
final class KingSafety {
    private KingSafety() {}

    /** Whether the king of the side to move, on {@code king}, may go to {@code to} as far as attacks are concerned. */
    static boolean safe(Position p, int king, int to) {
        long occupiedLow = p.occupied[0] | p.occupied[2];
        long occupiedHigh = p.occupied[1] | p.occupied[3];
        if (king < 64) {
            occupiedLow &= ~(1L << king);
        } else {
            occupiedHigh &= ~(1L << king);
        }
        return !Attacks.attacked(p, to, 1 - p.side, occupiedLow, occupiedHigh);
    }
}
