package keisei.shogi;

/**
 * Declaring a win: the own king and at least ten more own pieces in the promotion zone, no check, and enough points.
 * Rook, bishop and their promotions count 5, other pieces 1; pieces in the zone and in hand count, the king does not.
 */
public final class Declaration {
    private static final int PIECES_NEEDED = 10;
    private static final int MAJOR_EXTRA = 4;

    private Declaration() {}

    /** Points of a color by the rule: pieces in the zone without the king, and the hand. */
    public static int points(Position position, Color color) {
        int us = color.ordinal();
        Geometry g = position.geometry;
        int set = us * 2;
        long low = g.zone[set];
        long high = g.zone[set + 1];
        int points = piecesInZone(position, color);
        for (int kind : new int[] {Pieces.BISHOP, Pieces.ROOK, Pieces.HORSE, Pieces.DRAGON}) {
            points += MAJOR_EXTRA
                    * (Long.bitCount(position.sets[kind * 4 + set] & low)
                            + Long.bitCount(position.sets[kind * 4 + set + 1] & high));
        }
        for (int type = 0; type < PieceType.HAND_TYPES; type++) {
            boolean major = type == Pieces.BISHOP || type == Pieces.ROOK;
            points += position.handCount(us, type) * (major ? 1 + MAJOR_EXTRA : 1);
        }
        return points;
    }

    /** Own pieces of a color in its promotion zone, the king not counted. */
    public static int piecesInZone(Position position, Color color) {
        int set = color.ordinal() * 2;
        Geometry g = position.geometry;
        return Long.bitCount(position.occupied[set] & g.zone[set])
                + Long.bitCount(position.occupied[set + 1] & g.zone[set + 1])
                - (kingInZone(position, color) ? 1 : 0);
    }

    /** Whether a color's king stands in its promotion zone. */
    public static boolean kingInZone(Position position, Color color) {
        int king = position.kings[color.ordinal()];
        return king >= 0 && (position.geometry.zone[color.ordinal() * 2 + (king >> 6)] >>> king & 1) != 0;
    }

    /** Whether the side to move wins by declaring. */
    public static boolean canDeclare(Position position, Impasse impasse) {
        Color mover = position.sideToMove();
        return impasse != Impasse.NONE
                && kingInZone(position, mover)
                && piecesInZone(position, mover) >= PIECES_NEEDED
                && points(position, mover) >= impasse.pointsToWin(mover)
                && !position.inCheck();
    }
}
