package keisei.shogi;

import keisei.random.RandomStream;
import keisei.shogi.notation.Sfen;

/** Runnable: speed of bulk perft, of make and unmake, and of random playouts on one thread. Prints millions a second. */
public final class RulesSpeed {
    private static final String MIDDLE_GAME = "l6nl/5+P1gk/2np1S3/p1p4Pp/3P2Sp1/1PPb2P1P/P5GS1/R8/LN4bKL w RGgsn5p 1";
    private static final double MILLION = 1e6;

    private RulesSpeed() {}

    /** Arguments: rounds (default 3). */
    public static void main(String[] arguments) {
        int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 3;
        Position start = new Position(Variant.SHOGI);
        Position middle = Sfen.parse(Variant.SHOGI, MIDDLE_GAME);
        for (int round = 0; round < rounds; round++) {
            perft("perft start d5", start, 5);
            perft("perft matsuri d3", middle, 3);
            perft("perft minishogi d6", new Position(Variant.MINISHOGI), 6);
            makeUnmake("make/unmake start d4", start, 4);
            makeUnmake("make/unmake matsuri d3", middle, 3);
            playouts(Variant.SHOGI, 2_000);
            playouts(Variant.MINISHOGI, 20_000);
        }
    }

    private static void perft(String name, Position position, int depth) {
        long begin = System.nanoTime();
        report(name, Perft.count(position, depth), begin);
    }

    private static void makeUnmake(String name, Position position, int depth) {
        long begin = System.nanoTime();
        report(name, walk(position, depth, new int[depth + 1][Position.MAX_MOVES]), begin);
    }

    private static long walk(Position position, int depth, int[][] buffers) {
        if (depth == 0) {
            return 1;
        }
        int[] moves = buffers[depth];
        int n = position.legalMoves(moves);
        long leaves = 0;
        for (int i = 0; i < n; i++) {
            position.make(moves[i]);
            leaves += walk(position, depth - 1, buffers);
            position.unmake();
        }
        return leaves;
    }

    private static void playouts(Variant variant, int games) {
        Game game = new Game(variant, GameRules.standard(variant, 512));
        RandomStream random = new RandomStream(1, 0);
        long begin = System.nanoTime();
        long plies = 0;
        for (int i = 0; i < games; i++) {
            game.reset();
            while (!game.outcome().isOver()) {
                game.play(game.legalMove(random.nextInt(game.legalMoveCount())));
            }
            plies += game.plies();
        }
        report("playout plies " + variant.id(), plies, begin);
    }

    private static void report(String name, long count, long begin) {
        double seconds = (System.nanoTime() - begin) / 1e9;
        System.out.printf("%-28s %12d %8.2f M/s%n", name, count, count / seconds / MILLION);
    }
}
