package keisei.bench;

import java.util.List;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.GameRules;
import keisei.shogi.Perft;
import keisei.shogi.Position;
import keisei.shogi.Variant;

/** The rules engine on one thread. */
final class RulesBench {
    private static final int PLY_LIMIT = 512;

    private RulesBench() {}

    static List<SpeedRow> run() {
        return List.of(
                perft(Variant.SHOGI, 4),
                perft(Variant.MINISHOGI, 5),
                makeUnmake(Variant.SHOGI, 3),
                playouts(Variant.SHOGI, 200),
                playouts(Variant.MINISHOGI, 2000));
    }

    private static SpeedRow perft(Variant variant, int depth) {
        Position position = new Position(variant);
        long nodes = Perft.count(position, depth);
        double seconds = Timing.of(() -> Perft.count(position, depth)).medianSeconds();
        return new SpeedRow(
                "perft %s depth %d, bulk, 1 thread".formatted(variant.id(), depth), nodes / seconds, "nodes/s");
    }

    private static SpeedRow makeUnmake(Variant variant, int depth) {
        Position position = new Position(variant);
        int[][] buffers = new int[depth + 1][Position.MAX_MOVES];
        long leaves = walk(position, depth, buffers);
        double seconds = Timing.of(() -> walk(position, depth, buffers)).medianSeconds();
        return new SpeedRow(
                "make and unmake at every leaf, %s depth %d, 1 thread".formatted(variant.id(), depth),
                leaves / seconds,
                "moves/s");
    }

    private static long walk(Position position, int depth, int[][] buffers) {
        if (depth == 0) {
            return 1;
        }
        int[] moves = buffers[depth];
        int count = position.legalMoves(moves);
        long leaves = 0;
        for (int i = 0; i < count; i++) {
            position.make(moves[i]);
            leaves += walk(position, depth - 1, buffers);
            position.unmake();
        }
        return leaves;
    }

    private static SpeedRow playouts(Variant variant, int games) {
        Game game = new Game(variant, GameRules.standard(variant, PLY_LIMIT));
        long plies = playPlies(game, games);
        double seconds = Timing.of(() -> playPlies(game, games)).medianSeconds();
        return new SpeedRow(
                "random playouts %s, at most %d plies, 1 thread".formatted(variant.id(), PLY_LIMIT),
                plies / seconds,
                "plies/s");
    }

    /** The same games every time: the stream starts anew. */
    private static long playPlies(Game game, int games) {
        RandomStream random = new RandomStream(1, 0);
        long plies = 0;
        for (int i = 0; i < games; i++) {
            game.reset();
            while (!game.outcome().isOver()) {
                game.play(game.legalMove(random.nextInt(game.legalMoveCount())));
            }
            plies += game.plies();
        }
        return plies;
    }
}
