package keisei.shogi;

import java.util.Arrays;
import java.util.Objects;

/**
 * A position with the moves that led to it, its legal moves and its outcome. Made to be reused: {@link #reset()} and
 * {@link #play} allocate nothing once the arrays have grown to the longest game. Owned by one thread.
 *
 * <p>After each ply the first of these that holds decides: no legal move (the side to move loses); the position (board,
 * both hands, side to move) for the fourth time, the start position counting, where every move of one side from the
 * first to the fourth occurrence gave check (that side loses; if both sides did, which the rules of Shogi leave open,
 * the side to move loses, as in most engines); the fourth occurrence otherwise (by {@link RepetitionRule}); the side to
 * move may declare (it wins); the limit of plies. Positions are told apart by their 64-bit key.
 */
public final class Game {
    private static final int OCCURRENCES = 4;

    private final GameRules rules;
    private final Position start;
    private final Position position;
    private final int[] legal = new int[Position.MAX_MOVES];
    private final KeyHistory history = new KeyHistory();
    private int[] moves = new int[256];

    /** At ply p: how many positions p, p-2, p-4... without a gap have their side to move in check. */
    private int[] checks = new int[257];

    private int plies;
    private int legalCount;
    private Outcome outcome = Outcome.ONGOING;

    /**
     * A game at the start position.
     *
     * @throws IllegalArgumentException when the variant cannot be played by these rules
     */
    public Game(Variant variant, GameRules rules) {
        rules.validateFor(variant);
        this.rules = rules;
        this.start = new Position(variant);
        this.position = new Position(variant);
        begin();
    }

    /** Begins again from the variant's start position. */
    public void reset() {
        reset(StartPositions.of(start.variant()));
    }

    /** Begins from a position, which is copied. @throws IllegalArgumentException when it is of another variant */
    public void reset(Position from) {
        start.copyFrom(from);
        position.copyFrom(from);
        begin();
    }

    /** The rules of this game. */
    public GameRules rules() {
        return rules;
    }

    /** The current position: to be read; whoever makes moves on it must take them back. */
    public Position position() {
        return position;
    }

    /** The position the game began from: to be read only. */
    public Position startPosition() {
        return start;
    }

    /** Moves played. */
    public int plies() {
        return plies;
    }

    /** The move that was played at a ply, from 0. */
    public int moveAt(int ply) {
        return moves[Objects.checkIndex(ply, plies)];
    }

    /** Number of legal moves of the current position (also when the game is over). */
    public int legalMoveCount() {
        return legalCount;
    }

    /** The i-th legal move of the current position. */
    public int legalMove(int i) {
        return legal[Objects.checkIndex(i, legalCount)];
    }

    /** How the game stands. */
    public Outcome outcome() {
        return outcome;
    }

    /** How often the current position has occurred so far, at least 1. */
    public int repetitionCount() {
        return history.count();
    }

    /** Whether the side to move is in check. */
    public boolean inCheck() {
        return checks[plies] > 0;
    }

    /**
     * Plays a move.
     *
     * @return how the game stands after it
     * @throws IllegalArgumentException when the move is not legal
     * @throws IllegalStateException when the game is over
     */
    public Outcome play(int move) {
        if (outcome.isOver()) {
            throw new IllegalStateException("the game is over: " + outcome.ending());
        }
        if (!isLegal(move)) {
            throw new IllegalArgumentException("move " + describe(move) + " is not legal here");
        }
        if (plies == moves.length) {
            moves = Arrays.copyOf(moves, plies * 2);
            checks = Arrays.copyOf(checks, plies * 2 + 1);
        }
        moves[plies++] = move;
        position.makeForGood(move);
        arrive();
        return outcome;
    }

    private boolean isLegal(int move) {
        for (int i = 0; i < legalCount; i++) {
            if (legal[i] == move) {
                return true;
            }
        }
        return false;
    }

    private static String describe(int move) {
        String from = Move.isDrop(move) ? "drop of type " + Move.dropType(move) : "from square " + Move.from(move);
        return from + " to square " + Move.to(move) + (Move.isPromotion(move) ? " promoting" : "");
    }

    private void begin() {
        plies = 0;
        history.clear();
        arrive();
    }

    /** Looks at the position just reached. */
    private void arrive() {
        legalCount = position.legalMoves(legal);
        boolean check = position.limits.checkers > 0;
        checks[plies] = check ? 1 + (plies >= 2 ? checks[plies - 2] : 0) : 0;
        history.add(position.key());
        outcome = judge(check);
    }

    private Outcome judge(boolean check) {
        Color mover = position.sideToMove();
        if (legalCount == 0) {
            return Outcome.of(check ? Ending.CHECKMATE : Ending.NO_LEGAL_MOVE, mover.opponent());
        }
        if (history.count() >= OCCURRENCES) {
            return judgeRepetition(mover);
        }
        if (Declaration.canDeclare(position, rules.impasse())) {
            return Outcome.of(Ending.DECLARATION, mover);
        }
        return plies >= rules.maxPlies() ? Outcome.of(Ending.MAX_PLIES, null) : Outcome.ONGOING;
    }

    private Outcome judgeRepetition(Color mover) {
        int movesEach = (plies - history.first()) / 2;
        boolean opponentChecks = checks[plies] >= movesEach;
        boolean moverChecks = checks[plies - 1] >= movesEach;
        if (moverChecks) {
            return Outcome.of(Ending.PERPETUAL_CHECK, mover.opponent());
        }
        if (opponentChecks) {
            return Outcome.of(Ending.PERPETUAL_CHECK, mover);
        }
        return Outcome.of(
                Ending.REPETITION, rules.repetition() == RepetitionRule.FIRST_PLAYER_LOSES ? Color.WHITE : null);
    }
}
