package keisei.shogi;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Counts the sequences of legal moves of a given length. The last move of each is counted, not made. */
public final class Perft {
    private Perft() {}

    /**
     * Number of leaves on one thread. The position is the same afterwards.
     *
     * @throws IllegalArgumentException when the depth is negative
     */
    public static long count(Position position, int depth) {
        checkDepth(depth);
        return depth == 0 ? 1 : count(position, depth, new int[depth][Position.MAX_MOVES]);
    }

    /**
     * Leaves below each root move, in the order of {@link Position#legalMoves}, on several threads.
     *
     * @param threads how many, at least 1
     * @return for each legal move its number of leaves
     */
    public static long[] divide(Position position, int depth, int threads) throws InterruptedException {
        checkDepth(depth);
        if (depth == 0) {
            throw new IllegalArgumentException("depth is 0, dividing needs at least 1");
        }
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", it must be at least 1");
        }
        int[] moves = new int[Position.MAX_MOVES];
        int n = position.legalMoves(moves);
        long[] leaves = new long[n];
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<Long>> counts = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                Position child = position.copy();
                child.make(moves[i]);
                counts.add(pool.submit(() -> count(child, depth - 1)));
            }
            for (int i = 0; i < n; i++) {
                leaves[i] = counts.get(i).get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("counting failed", e.getCause());
        }
        return leaves;
    }

    private static void checkDepth(int depth) {
        if (depth < 0) {
            throw new IllegalArgumentException("depth is " + depth + ", it must not be negative");
        }
    }

    private static long count(Position position, int depth, int[][] buffers) {
        if (depth == 1) {
            return position.countLegalMoves();
        }
        int[] moves = buffers[depth - 1];
        int n = position.legalMoves(moves);
        long leaves = 0;
        for (int i = 0; i < n; i++) {
            position.make(moves[i]);
            leaves += count(position, depth - 1, buffers);
            position.unmake();
        }
        return leaves;
    }
}
