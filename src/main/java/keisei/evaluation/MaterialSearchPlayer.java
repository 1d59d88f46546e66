package keisei.evaluation;

import java.util.Locale;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.Position;
import keisei.shogi.Variant;

/**
 * Looks {@code depth} plies ahead by alpha-beta, counts material ({@link Material}), and plays one of the best moves,
 * drawn uniformly. A side without a legal move has lost, sooner being worse; this is seen where replies are looked
 * at, so depth 2 finds a mate in one, depth 1 does not. Repetition, declaration and the ply limit are not looked at.
 * With probability {@code randomMoveRate} a move is drawn uniformly from all legal ones instead. Nothing is allocated
 * per move.
 */
public final class MaterialSearchPlayer implements Player {
    private static final int DEEPEST = 8;
    private static final int INFINITE = 1 << 24;
    /** Far above any material balance. */
    private static final int LOST = 1 << 20;

    private final int depth;
    private final double randomMoveRate;
    private final RandomStream random;
    private final Position position;
    private final int[][] buffers;

    /**
     * A searching player.
     *
     * @param depth plies to look ahead, 1 to 8
     * @param randomMoveRate share of random moves, in [0, 1]
     * @param random for random moves and to choose among equals; shared with nobody
     * @throws IllegalArgumentException when depth or rate is out of range
     */
    public MaterialSearchPlayer(Variant variant, int depth, double randomMoveRate, RandomStream random) {
        if (depth < 1 || depth > DEEPEST) {
            throw new IllegalArgumentException("depth %d is not in [1, %d]".formatted(depth, DEEPEST));
        }
        if (!(randomMoveRate >= 0 && randomMoveRate <= 1)) {
            throw new IllegalArgumentException("randomMoveRate %s is not in [0, 1]".formatted(randomMoveRate));
        }
        this.depth = depth;
        this.randomMoveRate = randomMoveRate;
        this.random = random;
        this.position = new Position(variant);
        this.buffers = new int[depth][Position.MAX_MOVES];
    }

    @Override
    public String name() {
        return randomMoveRate == 0
                ? "depth-" + depth
                : String.format(Locale.ROOT, "depth-%d eps %.2f", depth, randomMoveRate);
    }

    @Override
    public void choose(int count, Game[] games, int[] moves) {
        for (int i = 0; i < count; i++) {
            Game game = games[i];
            boolean byChance = randomMoveRate > 0 && random.nextDouble() < randomMoveRate;
            moves[i] = byChance ? game.legalMove(random.nextInt(game.legalMoveCount())) : best(game);
        }
    }

    private int best(Game game) {
        position.copyFrom(game.position());
        int balance = Material.balance(position);
        int bestValue = -INFINITE;
        int bestMove = 0;
        int equals = 0;
        // Captures and promotions first: they narrow the window soonest.
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < game.legalMoveCount(); i++) {
                int move = game.legalMove(i);
                int gain = Material.gain(position, move);
                if (gain > 0 != (pass == 0)) {
                    continue;
                }
                // One below the best so far, so that a value equal to it is exact and not a bound.
                int value = valueOf(move, gain, depth, bestValue - 1, INFINITE, balance);
                if (value > bestValue) {
                    bestValue = value;
                    bestMove = move;
                    equals = 1;
                } else if (value == bestValue && random.nextInt(++equals) == 0) {
                    bestMove = move;
                }
            }
        }
        return bestMove;
    }

    /** Value for the mover of playing {@code move} with {@code remaining} plies to look at, this one included. */
    private int valueOf(int move, int gain, int remaining, int alpha, int beta, int balance) {
        if (remaining == 1) {
            return balance + gain;
        }
        position.make(move);
        int value = -search(remaining - 1, -beta, -alpha, -balance - gain);
        position.unmake();
        return value;
    }

    private int search(int remaining, int alpha, int beta, int balance) {
        int[] moves = buffers[remaining];
        int count = position.legalMoves(moves);
        if (count == 0) {
            return -LOST - remaining;
        }
        int bestValue = -INFINITE;
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < count; i++) {
                int gain = Material.gain(position, moves[i]);
                if (gain > 0 != (pass == 0)) {
                    continue;
                }
                int value = valueOf(moves[i], gain, remaining, Math.max(alpha, bestValue), beta, balance);
                if (value > bestValue) {
                    bestValue = value;
                    if (bestValue >= beta) {
                        return bestValue;
                    }
                }
            }
        }
        return bestValue;
    }
}
