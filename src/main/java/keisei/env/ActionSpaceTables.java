package keisei.env;

import java.util.Arrays;
import keisei.shogi.Color;
import keisei.shogi.Move;
import keisei.shogi.PieceType;
import keisei.shogi.Variant;

/** An action space as two tables: move code to index, index to move code. {@link ActionSpaces} describes the three. */
final class ActionSpaceTables implements ActionSpace {
    private static final int MOVE_CODES = 1 << 15;
    /** Row and column steps of N, NE, E, SE, S, SW, W, NW. */
    private static final int[] ROW_STEP = {-1, -1, 0, 1, 1, 1, 0, -1};

    private static final int[] COLUMN_STEP = {0, 1, 1, 1, 0, -1, -1, -1};

    private final String name;
    private final Variant variant;
    private final int lastSquare;
    private final short[] indexOfMove;
    private final int[] moveOfIndex;

    private ActionSpaceTables(String name, Variant variant, int totalActions) {
        this.name = name;
        this.variant = variant;
        this.lastSquare = variant.squares() - 1;
        this.indexOfMove = new short[MOVE_CODES];
        Arrays.fill(indexOfMove, (short) -1);
        this.moveOfIndex = new int[totalActions];
        Arrays.fill(moveOfIndex, Move.NONE);
    }

    static ActionSpace flat(Variant variant) {
        int squares = variant.squares();
        int[] types = dropTypes(variant);
        var space = new ActionSpaceTables("flat", variant, squares * (squares - 1) * 2 + squares * types.length);
        int index = 0;
        for (int from = 0; from < squares; from++) {
            for (int to = 0; to < squares; to++) {
                if (from != to) {
                    space.put(index++, Move.board(from, to, false));
                    space.put(index++, Move.board(from, to, true));
                }
            }
        }
        for (int to = 0; to < squares; to++) {
            for (int type : types) {
                space.put(index++, Move.drop(type, to));
            }
        }
        return space;
    }

    static ActionSpace spatial(Variant variant) {
        int size = variant.size();
        int distances = size - 1;
        int[] types = dropTypes(variant);
        int firstPromoting = ROW_STEP.length * distances;
        int firstKnight = 2 * firstPromoting;
        int firstDrop = firstKnight + (variant.has(PieceType.KNIGHT) ? 4 : 0);
        int slots = firstDrop + types.length;
        var space = new ActionSpaceTables("spatial", variant, variant.squares() * slots);
        for (int square = 0; square < variant.squares(); square++) {
            int base = square * slots;
            for (int direction = 0; direction < ROW_STEP.length; direction++) {
                for (int distance = 1; distance <= distances; distance++) {
                    int to = shifted(size, square, ROW_STEP[direction] * distance, COLUMN_STEP[direction] * distance);
                    int slot = direction * distances + distance - 1;
                    space.putBothWays(base + slot, base + firstPromoting + slot, square, to);
                }
            }
            if (firstDrop > firstKnight) {
                space.putBothWays(base + firstKnight, base + firstKnight + 1, square, shifted(size, square, -2, -1));
                space.putBothWays(base + firstKnight + 2, base + firstKnight + 3, square, shifted(size, square, -2, 1));
            }
            for (int i = 0; i < types.length; i++) {
                space.put(base + firstDrop + i, Move.drop(types[i], square));
            }
        }
        return space;
    }

    /** The flat order, less everything that no piece of the mover can do. */
    static ActionSpace compact(Variant variant) {
        ActionSpace flat = flat(variant);
        int[] moves = new int[flat.totalActions()];
        int count = 0;
        for (int index = 0; index < flat.totalActions(); index++) {
            int move = flat.decode(index);
            if (canExist(variant, move)) {
                moves[count++] = move;
            }
        }
        var space = new ActionSpaceTables("compact", variant, count);
        for (int index = 0; index < count; index++) {
            space.put(index, moves[index]);
        }
        return space;
    }

    private static boolean canExist(Variant variant, int move) {
        int size = variant.size();
        int toRow = Move.to(move) / size;
        if (Move.isDrop(move)) {
            return toRow >= deadRows(PieceType.of(Move.dropType(move)));
        }
        int fromRow = Move.from(move) / size;
        int rows = toRow - fromRow;
        int columns = Move.to(move) % size - Move.from(move) % size;
        boolean line = rows == 0 || columns == 0 || Math.abs(rows) == Math.abs(columns);
        boolean jump = variant.has(PieceType.KNIGHT) && rows == -2 && Math.abs(columns) == 1;
        if (Move.isPromotion(move)) {
            return (line || jump) && Math.min(fromRow, toRow) < variant.promotionRows();
        }
        return line || jump && toRow >= deadRows(PieceType.KNIGHT);
    }

    /** Rows at the far side on which an unpromoted piece could never move again. */
    private static int deadRows(PieceType type) {
        return switch (type) {
            case PAWN, LANCE -> 1;
            case KNIGHT -> 2;
            default -> 0;
        };
    }

    private static int[] dropTypes(Variant variant) {
        int[] types = new int[PieceType.HAND_TYPES];
        int count = 0;
        for (int type = 0; type < PieceType.HAND_TYPES; type++) {
            if (variant.handLimit(type) > 0) {
                types[count++] = type;
            }
        }
        return Arrays.copyOf(types, count);
    }

    private static int shifted(int size, int square, int rows, int columns) {
        int row = square / size + rows;
        int column = square % size + columns;
        return row < 0 || row >= size || column < 0 || column >= size ? -1 : row * size + column;
    }

    private void putBothWays(int plainIndex, int promotingIndex, int from, int to) {
        if (to >= 0) {
            put(plainIndex, Move.board(from, to, false));
            put(promotingIndex, Move.board(from, to, true));
        }
    }

    private void put(int index, int move) {
        indexOfMove[move] = (short) index;
        moveOfIndex[index] = move;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public Variant variant() {
        return variant;
    }

    @Override
    public int totalActions() {
        return moveOfIndex.length;
    }

    @Override
    public int encode(int perspectiveMove) {
        int index = perspectiveMove >= 0 && perspectiveMove < MOVE_CODES ? indexOfMove[perspectiveMove] : -1;
        if (index < 0) {
            throw unmappable(perspectiveMove);
        }
        return index;
    }

    @Override
    public int decode(int index) {
        if (index < 0 || index >= moveOfIndex.length) {
            throw new IllegalArgumentException("action %d of space '%s' (%s) is not in [0, %d)"
                    .formatted(index, name, variant.id(), moveOfIndex.length));
        }
        int move = moveOfIndex[index];
        if (move == Move.NONE) {
            throw new IllegalArgumentException(
                    "action %d of space '%s' (%s) leaves the board".formatted(index, name, variant.id()));
        }
        return move;
    }

    @Override
    public void setLegalBits(int[] moves, int count, Color mover, int[] words) {
        boolean rotate = mover == Color.WHITE;
        for (int i = 0; i < count; i++) {
            int action = encode(rotate ? Perspective.rotated(moves[i], lastSquare) : moves[i]);
            words[action >> 5] |= 1 << action;
        }
    }

    private IllegalArgumentException unmappable(int move) {
        String text = Move.isDrop(move)
                ? "drop of hand type " + Move.dropType(move) + " to square " + Move.to(move)
                : "move from square " + Move.from(move) + " to " + Move.to(move)
                        + (Move.isPromotion(move) ? ", promoting" : "");
        return new IllegalArgumentException(
                "%s (code %d) has no index in action space '%s' of %s".formatted(text, move, name, variant.id()));
    }
}
