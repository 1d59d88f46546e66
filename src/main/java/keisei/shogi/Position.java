package keisei.shogi;

import java.util.Arrays;

/**
 * A position that changes by {@link #make} and {@link #unmake}. Squares are row-major (row 0 is rank a, column 0 the
 * highest file); pieces are codes, see {@link #pieceAt}. Owned by one thread; nothing is allocated per move except when
 * the undo stack grows.
 *
 * <p>Legal moves are all moves that the rules allow, legal non-promotions included: the own king is not left in check,
 * no second unpromoted pawn on a file, no piece where it could not move again, no mate by a dropped pawn. Repetition is
 * the concern of {@link Game}. A side may be without a king (mating problems); it is then never in check.
 */
public final class Position {
    /** Room that is enough for the legal moves of any position (593 is the largest known number). */
    public static final int MAX_MOVES = 600;

    /** Bits of a hand count within the packed hand. */
    private static final int HAND_BITS = 8;

    private static final int UNDO_LONGS = 2;

    final Geometry geometry;

    /** Squares by movement class and color: pair at {@code (class * 2 + color) * 2}. */
    final long[] sets = new long[Pieces.CLASSES * 4];

    /** Squares by color: pair at {@code color * 2}. */
    final long[] occupied = new long[4];

    final int[] kings = {-1, -1};

    /** Hands by color: 8 bits for each type. */
    final long[] hands = new long[2];

    final byte[] board;

    /** 0 when Black is to move, 1 when White is. */
    int side;

    /** Scratch space of the move generator. */
    final MoveLimits limits = new MoveLimits();

    private final Variant variant;
    private long key;
    private int number;
    private int depth;
    private long[] undo = new long[64 * UNDO_LONGS];

    /** The start position. */
    public Position(Variant variant) {
        this(variant, true);
        copyFrom(StartPositions.of(variant));
    }

    private Position(Variant variant, boolean empty) {
        this.variant = variant;
        this.geometry = Geometry.of(variant);
        this.board = new byte[variant.squares()];
        this.number = empty ? 1 : 0;
    }

    /**
     * A position from its parts.
     *
     * @param pieces one code for each square, as {@link #pieceAt} gives them
     * @param hands [2][7]: pieces in hand of Black and White by type
     * @param sideToMove who moves
     * @param moveNumber number of the next move, from 1
     * @throws InvalidPositionException when kings, piece counts, pawn files, dead pieces or a check against the side
     *     that is not to move make it impossible; missing pieces, and one missing king, are allowed
     */
    public static Position of(Variant variant, int[] pieces, int[][] hands, Color sideToMove, int moveNumber) {
        PositionRules.check(variant, pieces, hands, moveNumber);
        Position position = new Position(variant, true);
        for (int square = 0; square < pieces.length; square++) {
            if (pieces[square] != Pieces.EMPTY) {
                position.put(pieces[square], square);
            }
        }
        for (int color = 0; color < 2; color++) {
            for (int type = 0; type < PieceType.HAND_TYPES; type++) {
                position.hands[color] |= (long) hands[color][type] << type * HAND_BITS;
            }
        }
        position.side = sideToMove.ordinal();
        position.number = moveNumber;
        position.key = position.keyFromScratch();
        int waiting = position.kings[1 - position.side];
        if (waiting >= 0 && Attacks.attacked(position, waiting, position.side)) {
            throw new InvalidPositionException(
                    waiting,
                    "the king of the side that is not to move (" + sideToMove.opponent() + ") stands in check");
        }
        return position;
    }

    /** Which game. */
    public Variant variant() {
        return variant;
    }

    /** Who moves next. */
    public Color sideToMove() {
        return side == 0 ? Color.BLACK : Color.WHITE;
    }

    /** The piece on a square: 0 for none, {@code 1 + PieceType.ordinal()} for Black's, {@code 15 + ordinal} for White's. */
    public int pieceAt(int square) {
        return board[square];
    }

    /** How many pieces of the hand type with ordinal {@code type} a player holds. */
    public int hand(Color color, int type) {
        return handCount(color.ordinal(), type);
    }

    /** Zobrist key of board, both hands and side to move; the same in every run. */
    public long key() {
        return key;
    }

    /** Number of the next move, as in SFEN. */
    public int moveNumber() {
        return number;
    }

    /** Whether the side to move is in check. */
    public boolean inCheck() {
        int king = kings[side];
        return king >= 0 && Attacks.attacked(this, king, 1 - side);
    }

    /** Square of a player's king, -1 when there is none. */
    public int kingSquare(Color color) {
        return kings[color.ordinal()];
    }

    /**
     * Writes all legal moves.
     *
     * @param out room for {@link #MAX_MOVES}
     * @return how many; their order depends on nothing but the position
     */
    public int legalMoves(int[] out) {
        return MoveGenerator.generate(this, out);
    }

    /** The number of legal moves, without writing them; faster than {@link #legalMoves}. */
    public int countLegalMoves() {
        return MoveCounter.count(this, false);
    }

    /** Whether there is a legal move; stops at the first kind of move that has one. */
    public boolean hasLegalMove() {
        return MoveCounter.count(this, true) > 0;
    }

    /** Plays a move, which must be legal: it is not checked. */
    public void make(int move) {
        if (undo.length == depth * UNDO_LONGS) {
            undo = Arrays.copyOf(undo, undo.length * 2);
        }
        int color = side;
        int to = Move.to(move);
        int captured = Pieces.EMPTY;
        int top = depth * UNDO_LONGS;
        undo[top] = key;
        long newKey = key ^ Zobrist.WHITE_TO_MOVE;
        if (Move.isDrop(move)) {
            int type = Move.dropType(move);
            int piece = Pieces.code(color, type);
            put(piece, to);
            int count = handCount(color, type);
            hands[color] -= 1L << type * HAND_BITS;
            newKey ^= Zobrist.BOARD[piece << 7 | to]
                    ^ Zobrist.hand(color, type, count)
                    ^ Zobrist.hand(color, type, count - 1);
        } else {
            int from = Move.from(move);
            int piece = board[from];
            captured = board[to];
            if (captured != Pieces.EMPTY) {
                toggle(captured, to);
                int type = Pieces.HAND_TYPE[captured];
                int count = handCount(color, type);
                hands[color] += 1L << type * HAND_BITS;
                newKey ^= Zobrist.BOARD[captured << 7 | to]
                        ^ Zobrist.hand(color, type, count)
                        ^ Zobrist.hand(color, type, count + 1);
            }
            toggle(piece, from);
            board[from] = Pieces.EMPTY;
            int placed = Move.isPromotion(move) ? Pieces.PROMOTED[piece] : piece;
            put(placed, to);
            newKey ^= Zobrist.BOARD[piece << 7 | from] ^ Zobrist.BOARD[placed << 7 | to];
        }
        undo[top + 1] = (long) captured << 32 | move;
        key = newKey;
        side = 1 - color;
        number++;
        depth++;
    }

    /** Plays a move that is never taken back, so that the undo stack stays small. */
    void makeForGood(int move) {
        depth = 0;
        make(move);
        depth = 0;
    }

    /**
     * Takes the last move back.
     *
     * @throws IllegalStateException when no move was made since construction or the last copy
     */
    public void unmake() {
        if (depth == 0) {
            throw new IllegalStateException("no move to take back");
        }
        depth--;
        number--;
        int color = 1 - side;
        side = color;
        key = undo[depth * UNDO_LONGS];
        long entry = undo[depth * UNDO_LONGS + 1];
        int move = (int) entry;
        int to = Move.to(move);
        int placed = board[to];
        toggle(placed, to);
        if (Move.isDrop(move)) {
            board[to] = Pieces.EMPTY;
            hands[color] += 1L << Move.dropType(move) * HAND_BITS;
            return;
        }
        int piece = Move.isPromotion(move) ? Pieces.code(color, Pieces.HAND_TYPE[placed]) : placed;
        put(piece, Move.from(move));
        int captured = (int) (entry >>> 32);
        if (captured == Pieces.EMPTY) {
            board[to] = Pieces.EMPTY;
        } else {
            put(captured, to);
            hands[color] -= 1L << Pieces.HAND_TYPE[captured] * HAND_BITS;
        }
    }

    /** A copy without the undo history. */
    public Position copy() {
        Position copy = new Position(variant, true);
        copy.copyFrom(this);
        return copy;
    }

    /**
     * Takes over another position, without its undo history.
     *
     * @throws IllegalArgumentException when it is of another variant
     */
    public void copyFrom(Position other) {
        if (other.variant != variant) {
            throw new IllegalArgumentException(
                    "cannot copy a position of " + other.variant.id() + " into one of " + variant.id());
        }
        System.arraycopy(other.sets, 0, sets, 0, sets.length);
        System.arraycopy(other.occupied, 0, occupied, 0, occupied.length);
        System.arraycopy(other.board, 0, board, 0, board.length);
        kings[0] = other.kings[0];
        kings[1] = other.kings[1];
        hands[0] = other.hands[0];
        hands[1] = other.hands[1];
        side = other.side;
        key = other.key;
        number = other.number;
        depth = 0;
    }

    int handCount(int color, int type) {
        return (int) (hands[color] >>> type * HAND_BITS) & 0xFF;
    }

    /** The key computed anew, for checking the one that is kept up to date. */
    long keyFromScratch() {
        long result = side == 0 ? 0 : Zobrist.WHITE_TO_MOVE;
        for (int square = 0; square < board.length; square++) {
            result ^= Zobrist.BOARD[board[square] << 7 | square];
        }
        for (int color = 0; color < 2; color++) {
            for (int type = 0; type < PieceType.HAND_TYPES; type++) {
                result ^= Zobrist.hand(color, type, handCount(color, type));
            }
        }
        return result;
    }

    private void put(int piece, int square) {
        toggle(piece, square);
        board[square] = (byte) piece;
        if (Pieces.CLASS[piece] == Pieces.KING) {
            kings[Pieces.color(piece)] = square;
        }
    }

    private void toggle(int piece, int square) {
        int color = Pieces.color(piece);
        int word = square >> 6;
        long bit = 1L << square;
        sets[(Pieces.CLASS[piece] * 2 + color) * 2 + word] ^= bit;
        occupied[color * 2 + word] ^= bit;
    }
}
