package keisei.shogi;

import java.util.Set;
import java.util.TreeSet;

/**
 * The rules once more, slowly and on their own: a board of pieces, offsets, and legality by trying every move and
 * looking for a capture of the king. Shares nothing with the engine but piece codes and move numbers.
 */
final class NaiveRules {
    private static final int[][] GOLD = {{-1, -1}, {-1, 0}, {-1, 1}, {0, -1}, {0, 1}, {1, 0}};
    private static final int[][] SILVER = {{-1, -1}, {-1, 0}, {-1, 1}, {1, -1}, {1, 1}};
    private static final int[][] KNIGHT = {{-2, -1}, {-2, 1}};
    private static final int[][] AHEAD = {{-1, 0}};
    private static final int[][] STRAIGHT = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
    private static final int[][] DIAGONAL = {{-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
    private static final int[][] NONE = {};

    private final Variant variant;
    private final int size;
    private final int[] board;
    private final int[][] hands;

    private NaiveRules(Variant variant, int[] board, int[][] hands) {
        this.variant = variant;
        this.size = variant.size();
        this.board = board;
        this.hands = hands;
    }

    static NaiveRules of(Position position) {
        int[] board = new int[position.variant().squares()];
        for (int square = 0; square < board.length; square++) {
            board[square] = position.pieceAt(square);
        }
        int[][] hands = new int[2][PieceType.HAND_TYPES];
        for (int color = 0; color < 2; color++) {
            for (int type = 0; type < PieceType.HAND_TYPES; type++) {
                hands[color][type] = position.hand(Color.values()[color], type);
            }
        }
        return new NaiveRules(position.variant(), board, hands);
    }

    /** All legal moves of a color. */
    Set<Integer> legalMoves(int color) {
        Set<Integer> legal = new TreeSet<>();
        for (int move : candidates(color)) {
            if (!after(move, color).inCheck(color) && !matesByPawnDrop(move, color)) {
                legal.add(move);
            }
        }
        return legal;
    }

    /** Pawn drops that would be legal if they did not mate. */
    int forbiddenMates(int color) {
        return (int) candidates(color).stream()
                .filter(move -> !after(move, color).inCheck(color) && matesByPawnDrop(move, color))
                .count();
    }

    private boolean matesByPawnDrop(int move, int color) {
        if (!Move.isDrop(move) || Move.dropType(move) != 0) {
            return false;
        }
        NaiveRules after = after(move, color);
        return after.inCheck(1 - color) && after.legalMoves(1 - color).isEmpty();
    }

    boolean inCheck(int color) {
        int king = 1 + PieceType.KING.ordinal() + 14 * color;
        for (int from = 0; from < board.length; from++) {
            if (board[from] != 0 && colorOf(board[from]) != color) {
                for (int to : targets(from)) {
                    if (board[to] == king) {
                        return true;
                    }
                }
            }
        }
        return false;
    }

    private Set<Integer> candidates(int color) {
        Set<Integer> moves = new TreeSet<>();
        for (int from = 0; from < board.length; from++) {
            if (board[from] == 0 || colorOf(board[from]) != color) {
                continue;
            }
            PieceType type = typeOf(board[from]);
            for (int to : targets(from)) {
                if (type.canPromote() && (inZone(from, color) || inZone(to, color))) {
                    moves.add(Move.board(from, to, true));
                }
                if (!dead(type, to, color)) {
                    moves.add(Move.board(from, to, false));
                }
            }
        }
        for (int type = 0; type < PieceType.HAND_TYPES; type++) {
            for (int to = 0; hands[color][type] > 0 && to < board.length; to++) {
                if (board[to] == 0
                        && !dead(PieceType.of(type), to, color)
                        && !(type == 0 && pawnOnFile(to % size, color))) {
                    moves.add(Move.drop(type, to));
                }
            }
        }
        return moves;
    }

    private NaiveRules after(int move, int color) {
        int[] newBoard = board.clone();
        int[][] newHands = {hands[0].clone(), hands[1].clone()};
        int to = Move.to(move);
        if (Move.isDrop(move)) {
            newBoard[to] = 1 + Move.dropType(move) + 14 * color;
            newHands[color][Move.dropType(move)]--;
        } else {
            if (board[to] != 0 && typeOf(board[to]) != PieceType.KING) {
                newHands[color][typeOf(board[to]).unpromote().ordinal()]++;
            }
            PieceType type = typeOf(board[Move.from(move)]);
            newBoard[to] = 1 + (Move.isPromotion(move) ? type.promote() : type).ordinal() + 14 * color;
            newBoard[Move.from(move)] = 0;
        }
        return new NaiveRules(variant, newBoard, newHands);
    }

    private Set<Integer> targets(int from) {
        Set<Integer> targets = new TreeSet<>();
        PieceType type = typeOf(board[from]);
        switch (type) {
            case PAWN -> walk(from, AHEAD, 1, targets);
            case LANCE -> walk(from, AHEAD, size, targets);
            case KNIGHT -> walk(from, KNIGHT, 1, targets);
            case SILVER -> walk(from, SILVER, 1, targets);
            case BISHOP -> walk(from, DIAGONAL, size, targets);
            case ROOK -> walk(from, STRAIGHT, size, targets);
            case KING -> {
                walk(from, STRAIGHT, 1, targets);
                walk(from, DIAGONAL, 1, targets);
            }
            case HORSE -> {
                walk(from, DIAGONAL, size, targets);
                walk(from, STRAIGHT, 1, targets);
            }
            case DRAGON -> {
                walk(from, STRAIGHT, size, targets);
                walk(from, DIAGONAL, 1, targets);
            }
            case GOLD, PROMOTED_PAWN, PROMOTED_LANCE, PROMOTED_KNIGHT, PROMOTED_SILVER -> walk(from, GOLD, 1, targets);
            default -> walk(from, NONE, 0, targets);
        }
        return targets;
    }

    private void walk(int from, int[][] offsets, int steps, Set<Integer> targets) {
        int color = colorOf(board[from]);
        int forward = color == 0 ? 1 : -1;
        for (int[] offset : offsets) {
            int row = from / size;
            int column = from % size;
            for (int i = 0; i < steps; i++) {
                row += offset[0] * forward;
                column += offset[1] * forward;
                if (row < 0 || row >= size || column < 0 || column >= size) {
                    break;
                }
                int to = row * size + column;
                if (board[to] == 0 || colorOf(board[to]) != color) {
                    targets.add(to);
                }
                if (board[to] != 0) {
                    break;
                }
            }
        }
    }

    private boolean inZone(int square, int color) {
        return rowsAhead(square, color) < variant.promotionRows();
    }

    private int rowsAhead(int square, int color) {
        return color == 0 ? square / size : size - 1 - square / size;
    }

    private boolean dead(PieceType type, int to, int color) {
        return switch (type) {
            case PAWN, LANCE -> rowsAhead(to, color) < 1;
            case KNIGHT -> rowsAhead(to, color) < 2;
            default -> false;
        };
    }

    private boolean pawnOnFile(int column, int color) {
        for (int row = 0; row < size; row++) {
            if (board[row * size + column] == 1 + 14 * color) {
                return true;
            }
        }
        return false;
    }

    private static int colorOf(int piece) {
        return (piece - 1) / 14;
    }

    private static PieceType typeOf(int piece) {
        return PieceType.of((piece - 1) % 14);
    }
}
