package keisei.shogi;

/** What makes a set-up impossible, except the check against the side that is not to move. */
final class PositionRules {
    private PositionRules() {}

    static void check(Variant variant, int[] pieces, int[][] hands, int moveNumber) {
        if (pieces.length != variant.squares()) {
            throw new InvalidPositionException(
                    -1, pieces.length + " squares given, " + variant.id() + " has " + variant.squares());
        }
        if (moveNumber < 1) {
            throw new InvalidPositionException(-1, "the move number is " + moveNumber + ", it must be at least 1");
        }
        int[] total = new int[PieceType.HAND_TYPES + 1];
        int[] kings = new int[2];
        boolean[][] pawnOnFile = new boolean[2][variant.size()];
        for (int square = 0; square < pieces.length; square++) {
            int piece = pieces[square];
            if (piece == Pieces.EMPTY) {
                continue;
            }
            if (piece < 0 || piece >= Pieces.CODES) {
                throw new InvalidPositionException(
                        square, "piece code " + piece + " is not in 0.." + (Pieces.CODES - 1));
            }
            PieceType type = PieceType.of(Pieces.type(piece));
            int color = Pieces.color(piece);
            if (!variant.has(type)) {
                throw new InvalidPositionException(square, variant.id() + " has no " + type);
            }
            count(variant, total, type.unpromote(), 1, square);
            if (type == PieceType.KING && ++kings[color] > 1) {
                throw new InvalidPositionException(square, "a second king of " + name(color));
            }
            if (type == PieceType.PAWN) {
                int column = square % variant.size();
                if (pawnOnFile[color][column]) {
                    throw new InvalidPositionException(
                            square,
                            "a second unpromoted pawn of " + name(color) + " on file " + (variant.size() - column));
                }
                pawnOnFile[color][column] = true;
            }
            int row = square / variant.size();
            int rowsAhead = color == 0 ? row : variant.size() - 1 - row;
            if (rowsAhead < rowsNeeded(type)) {
                throw new InvalidPositionException(square, "a " + type + " of " + name(color) + " that can never move");
            }
        }
        if (kings[0] + kings[1] == 0) {
            throw new InvalidPositionException(-1, "no king on the board, at least one is needed");
        }
        for (int color = 0; color < 2; color++) {
            for (int type = 0; type < PieceType.HAND_TYPES; type++) {
                if (hands[color][type] < 0) {
                    throw new InvalidPositionException(-1, "a negative number of pieces in hand");
                }
                count(variant, total, PieceType.of(type), hands[color][type], -1);
            }
        }
    }

    /** Rows that a piece needs in front of it to have a move. */
    static int rowsNeeded(PieceType type) {
        return switch (type) {
            case PAWN, LANCE -> 1;
            case KNIGHT -> 2;
            default -> 0;
        };
    }

    private static void count(Variant variant, int[] total, PieceType type, int number, int square) {
        if (type == PieceType.KING) {
            return;
        }
        int sum = total[type.ordinal()] += number;
        if (sum > variant.handLimit(type.ordinal())) {
            throw new InvalidPositionException(
                    square,
                    sum + " pieces of kind " + type + ", " + variant.id() + " has "
                            + variant.handLimit(type.ordinal()));
        }
    }

    private static String name(int color) {
        return color == 0 ? "Black" : "White";
    }
}
