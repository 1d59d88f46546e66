package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import keisei.random.RandomStream;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import org.junit.jupiter.api.Test;

class GameTest {
    private static final GameRules RULES = new GameRules(512, Impasse.NONE, RepetitionRule.DRAW);

    private static Outcome play(Game game, String moves) {
        Outcome outcome = game.outcome();
        for (String move : moves.split(" ")) {
            outcome = game.play(Usi.parseMove(game.position().variant(), move));
        }
        return outcome;
    }

    private static Game game(Variant variant, String sfen, GameRules rules) {
        Game game = new Game(variant, rules);
        game.reset(Sfen.parse(variant, sfen));
        return game;
    }

    @Test
    void theFourthOccurrenceIsADrawAndTheStartPositionCounts() {
        Game game = new Game(Variant.SHOGI, RULES);
        String cycle = "2h3h 8b7b 3h2h 7b8b";

        assertThat(game.repetitionCount()).isEqualTo(1);
        assertThat(play(game, cycle)).isEqualTo(Outcome.ONGOING);
        assertThat(game.repetitionCount()).isEqualTo(2);
        assertThat(play(game, cycle)).isEqualTo(Outcome.ONGOING);
        assertThat(play(game, "2h3h 8b7b 3h2h")).isEqualTo(Outcome.ONGOING);
        assertThat(play(game, "7b8b")).isEqualTo(Outcome.of(Ending.REPETITION, null));
        assertThat(game.repetitionCount()).isEqualTo(4);
        assertThat(game.outcome().isDraw()).isTrue();
        assertThat(game.outcome().isTruncation()).isFalse();
    }

    @Test
    void inMinishogiTheFirstPlayerMayLoseByRepetition() {
        Game game = new Game(Variant.MINISHOGI, new GameRules(512, Impasse.NONE, RepetitionRule.FIRST_PLAYER_LOSES));
        String cycle = "1e1d 5a5b 1d1e 5b5a";

        Outcome outcome = play(game, cycle + " " + cycle + " " + cycle);

        assertThat(outcome).isEqualTo(Outcome.of(Ending.REPETITION, Color.WHITE));
    }

    @Test
    void theSideThatOnlyGaveCheckLosesWhoeverCompletesTheRepetition() {
        // White's king goes to and fro between 1a and 1b, Black's rook between 5a and 5b.
        Game completedByEvader = game(Variant.SHOGI, "4R4/8k/9/9/9/9/9/9/K8 b - 1", RULES);
        String cycle = "5a5b 1b1a 5b5a 1a1b";
        assertThat(play(completedByEvader, cycle + " " + cycle + " " + cycle))
                .isEqualTo(Outcome.of(Ending.PERPETUAL_CHECK, Color.WHITE));

        Game completedByChecker = game(Variant.SHOGI, "4R3k/9/9/9/9/9/9/9/K8 w - 1", RULES);
        String fromCheck = "1a1b 5a5b 1b1a 5b5a";
        assertThat(completedByChecker.inCheck()).isTrue();
        assertThat(play(completedByChecker, fromCheck + " " + fromCheck + " " + fromCheck))
                .isEqualTo(Outcome.of(Ending.PERPETUAL_CHECK, Color.WHITE));
    }

    @Test
    void oneQuietMoveAfterTheFirstOccurrenceMakesItADraw() {
        Game game = game(Variant.SHOGI, "4R4/8k/9/9/9/9/9/9/K8 b - 1", RULES);
        String checks = "5a5b 1b1a 5b5a 1a1b";
        String quiet = "5a6a 1b2b 6a5a 2b1b";

        assertThat(play(game, quiet + " " + checks + " " + checks)).isEqualTo(Outcome.of(Ending.REPETITION, null));
    }

    @Test
    void mateOnTheLastPlyIsMateAndNotACutOff() {
        GameRules one = new GameRules(1, Impasse.NONE, RepetitionRule.DRAW);
        Game mate = game(Variant.SHOGI, "4k4/9/4P4/9/9/9/9/9/4K4 b G 1", one);
        assertThat(play(mate, "G*5b")).isEqualTo(Outcome.of(Ending.CHECKMATE, Color.BLACK));

        Game cutOff = game(Variant.SHOGI, "4k4/9/4P4/9/9/9/9/9/4K4 b G 1", one);
        assertThat(play(cutOff, "G*1i")).isEqualTo(Outcome.of(Ending.MAX_PLIES, null));
        assertThat(cutOff.outcome().isTruncation()).isTrue();
        assertThat(cutOff.outcome().isDraw()).isFalse();
    }

    @Test
    void aSideWithoutMovesLosesWithoutCheckToo() {
        Game game = game(Variant.SHOGI, "8k/9/5R1R1/9/9/9/9/9/K8 b - 1", RULES);

        assertThat(play(game, "4c4b")).isEqualTo(Outcome.of(Ending.NO_LEGAL_MOVE, Color.BLACK));
    }

    @Test
    void theSideToMoveWinsWhenItMayDeclareEvenAtTheStart() {
        String sfen = "RRBBKGGGG/SSSS5/9/9/9/9/9/9/4k4 b 10P 1";
        Game game = game(Variant.SHOGI, sfen, new GameRules(512, Impasse.CSA27, RepetitionRule.DRAW));
        assertThat(game.outcome()).isEqualTo(Outcome.of(Ending.DECLARATION, Color.BLACK));

        Game without = game(Variant.SHOGI, sfen, RULES);
        assertThat(without.outcome()).isEqualTo(Outcome.ONGOING);
    }

    @Test
    void illegalMovesAndMovesAfterTheEndAreRefusedAndChangeNothing() {
        Game game = new Game(Variant.SHOGI, RULES);
        String before = Sfen.format(game.position());

        assertThatThrownBy(() -> play(game, "7g7e"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from square 56 to square 38");
        assertThat(Sfen.format(game.position())).isEqualTo(before);
        assertThat(game.plies()).isZero();

        Game over = game(Variant.SHOGI, "4k4/4G4/4P4/9/9/9/9/9/4K4 w - 1", RULES);
        assertThat(over.outcome()).isEqualTo(Outcome.of(Ending.CHECKMATE, Color.BLACK));
        assertThatThrownBy(() -> play(over, "5a5b"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("CHECKMATE");
    }

    @Test
    void aGameIsAsNewAfterAReset() {
        Game game = new Game(Variant.SHOGI, RULES);
        for (int round = 0; round < 3; round++) {
            play(game, "2h3h 8b7b 3h2h 7b8b");
            assertThat(game.repetitionCount()).isEqualTo(2);
            assertThat(Usi.format(Variant.SHOGI, game.moveAt(1))).isEqualTo("8b7b");
            game.reset();
            assertThat(game.repetitionCount()).isEqualTo(1);
            assertThat(game.plies()).isZero();
            assertThat(Sfen.format(game.position())).isEqualTo(Variant.SHOGI.startSfen());
            assertThat(game.legalMoveCount()).isEqualTo(30);
        }
    }

    @Test
    void historyGrowsBeyondItsFirstSize() {
        Game game = game(
                Variant.SHOGI, "k8/9/9/9/9/9/9/9/8K b 2R2B 1", new GameRules(5_000, Impasse.NONE, RepetitionRule.DRAW));
        RandomStream random = new RandomStream(7, 0);
        int longest = 0;
        for (int i = 0; i < 20; i++) {
            while (!game.outcome().isOver()) {
                game.play(game.legalMove(random.nextInt(game.legalMoveCount())));
            }
            longest = Math.max(longest, game.plies());
            assertThat(game.outcome().ending()).isNotEqualTo(Ending.ONGOING);
            game.reset(Sfen.parse(Variant.SHOGI, "k8/9/9/9/9/9/9/9/8K b 2R2B 1"));
        }
        assertThat(longest).isGreaterThan(600);
    }

    @Test
    void rulesAreValidated() {
        assertThatThrownBy(() -> new GameRules(0, Impasse.NONE, RepetitionRule.DRAW))
                .hasMessageContaining("max_plies is 0, it must be at least 1");
        assertThatThrownBy(() -> new Game(Variant.MINISHOGI, new GameRules(100, Impasse.CSA27, RepetitionRule.DRAW)))
                .hasMessageContaining("impasse is \"csa27\"")
                .hasMessageContaining("allowed is none");
        assertThatThrownBy(() -> Impasse.ofId("csa28"))
                .hasMessage("impasse is \"csa28\", allowed are csa27, csa24, none");
        assertThat(RepetitionRule.ofId("first_player_loses")).isEqualTo(RepetitionRule.FIRST_PLAYER_LOSES);
    }

    @Test
    void outcomesAreSharedInstances() {
        assertThat(Outcome.of(Ending.ONGOING, null)).isSameAs(Outcome.ONGOING);
        assertThat(Outcome.of(Ending.CHECKMATE, Color.BLACK)).isSameAs(Outcome.of(Ending.CHECKMATE, Color.BLACK));
    }
}
