package keisei.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.Position;
import keisei.shogi.Variant;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MaterialSearchPlayerTest {
    /** Choices in one position: enough that a bound mistaken for a value would be drawn once. */
    private static final int CHOICES = 30;

    @ParameterizedTest
    @CsvSource({
        // an undefended rook is worth taking at any depth
        "1, 4k4/9/9/9/4r4/4G4/9/9/4K4 b - 1, 5f5e",
        // a pawn protected by a silver: depth 1 takes with the rook, depth 2 takes with nothing
        "1, 4k4/9/3s5/4p4/9/4R4/9/9/K8 b - 1, 5f5d",
        // mate in one, which depth 2 sees
        "2, 4k4/9/4P4/9/9/9/9/9/4K4 b G 1, G*5b",
        // the same for White
        "2, 4k4/9/9/9/9/9/4p4/9/4K4 w g 1, G*5h"
    })
    void obviousMovesAreFound(int depth, String sfen, String expected) {
        for (int seed = 0; seed < 5; seed++) {
            assertThat(choose(depth, sfen, seed)).isEqualTo(Usi.parseMove(Variant.SHOGI, expected));
        }
    }

    @Test
    void depthTwoSeesTheRecapture() {
        for (int seed = 0; seed < 20; seed++) {
            assertThat(choose(2, "4k4/9/3s5/4p4/9/4R4/9/9/K8 b - 1", seed))
                    .isNotEqualTo(Usi.parseMove(Variant.SHOGI, "5f5d"));
        }
    }

    @Test
    void equalMovesAreDrawnUniformly() {
        int[] counts = new int[1 << 15];
        for (int seed = 0; seed < 3_000; seed++) {
            counts[choose(1, Variant.SHOGI.startSfen(), seed)]++;
        }

        int[] drawn = Arrays.stream(counts).filter(count -> count > 0).toArray();
        assertThat(drawn).as("30 first moves, none of which takes anything").hasSize(30);
        // 100 expected each, standard deviation 10
        assertThat(Arrays.stream(drawn).boxed()).allMatch(count -> count > 50 && count < 150);
    }

    /** Alpha-beta with its window at the root is an optimisation: plain minimax gives the same set of best moves. */
    @Property(tries = 25)
    void alphaBetaPlaysOnlyBestMovesOfPlainMinimax(@ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int depth) {
        RandomStream random = new RandomStream(seed, 0);
        Game game = new Game(Variant.MINISHOGI, MatchRunnerTest.rules(500));
        int plies = random.nextInt(30);
        for (int ply = 0; ply < plies && !game.outcome().isOver(); ply++) {
            game.play(game.legalMove(random.nextInt(game.legalMoveCount())));
        }
        if (game.outcome().isOver()) {
            return;
        }
        Position position = game.position().copy();
        int best = Integer.MIN_VALUE;
        Set<Integer> bestMoves = new HashSet<>();
        for (int i = 0; i < game.legalMoveCount(); i++) {
            position.make(game.legalMove(i));
            int value = -minimax(position, depth - 1);
            position.unmake();
            if (value > best) {
                best = value;
                bestMoves.clear();
            }
            if (value == best) {
                bestMoves.add(game.legalMove(i));
            }
        }

        Game[] games = new Game[CHOICES];
        Arrays.fill(games, game);
        int[] moves = new int[CHOICES];
        new MaterialSearchPlayer(Variant.MINISHOGI, depth, 0, new RandomStream(seed, 1)).choose(CHOICES, games, moves);

        assertThat(Arrays.stream(moves).boxed()).isSubsetOf(bestMoves);
    }

    private static int minimax(Position position, int remaining) {
        if (remaining == 0) {
            return Material.balance(position);
        }
        int[] moves = new int[Position.MAX_MOVES];
        int count = position.legalMoves(moves);
        int best = -(1 << 20) - remaining;
        for (int i = 0; i < count; i++) {
            position.make(moves[i]);
            best = Math.max(best, -minimax(position, remaining - 1));
            position.unmake();
        }
        return best;
    }

    @Property(tries = 30)
    void theGainOfAMoveIsTheChangeOfTheBalance(@ForAll long seed, @ForAll Variant variant) {
        RandomStream random = new RandomStream(seed, 2);
        Game game = new Game(variant, MatchRunnerTest.rules(150));
        while (!game.outcome().isOver()) {
            int move = game.legalMove(random.nextInt(game.legalMoveCount()));
            int before = Material.balance(game.position());
            int gain = Material.gain(game.position(), move);
            game.play(move);
            assertThat(-Material.balance(game.position())).isEqualTo(before + gain);
        }
    }

    @Test
    void argumentsOutOfRangeAreErrors() {
        var random = new RandomStream(0, 0);
        assertThatThrownBy(() -> new MaterialSearchPlayer(Variant.SHOGI, 0, 0, random))
                .hasMessage("depth 0 is not in [1, 8]");
        assertThatThrownBy(() -> new MaterialSearchPlayer(Variant.SHOGI, 2, 1.5, random))
                .hasMessage("randomMoveRate 1.5 is not in [0, 1]");
    }

    private static int choose(int depth, String sfen, long seed) {
        Game game = new Game(Variant.SHOGI, MatchRunnerTest.rules(500));
        game.reset(Sfen.parse(Variant.SHOGI, sfen));
        int[] moves = new int[1];
        new MaterialSearchPlayer(Variant.SHOGI, depth, 0, new RandomStream(seed, 0))
                .choose(1, new Game[] {game}, moves);
        return moves[0];
    }
}
