package keisei.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import keisei.random.RandomStream;
import keisei.shogi.Color;
import keisei.shogi.Game;
import keisei.shogi.GameRules;
import keisei.shogi.Impasse;
import keisei.shogi.RepetitionRule;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MatchRunnerTest {
    @ParameterizedTest
    @EnumSource(Variant.class)
    void aStrongPlayerBeatsARandomOneWithEitherColour(Variant variant) {
        MatchResult result = MatchRunner.play(
                depth(variant, 2, 0), new RandomPlayer(new RandomStream(1, 1)), settings(variant, 40, 300));

        assertThat(result.games()).isEqualTo(40);
        assertThat(result.winsAsBlack()).isGreaterThanOrEqualTo(19);
        assertThat(result.winsAsWhite()).isGreaterThanOrEqualTo(19);
        assertThat(result.interval().low()).isGreaterThan(0.8);
        assertThat(result.meanPlies()).isGreaterThan(4);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void seatsDoNotChangeWhoIsStronger(Variant variant) {
        MatchResult result = MatchRunner.play(
                new RandomPlayer(new RandomStream(1, 1)), depth(variant, 2, 0), settings(variant, 40, 300));

        assertThat(result.losses()).isGreaterThanOrEqualTo(38);
        assertThat(result.lossRate()).isEqualTo(result.losses() / 40.0);
        assertThat(result.score()).isLessThan(0.1);
    }

    /** Known from an independent program (5x5): depth-1 scores about 0.63 against random, depth-2 nearly all. */
    @Test
    void theOpponentsOfTheTableFormALadder() {
        List<Player> opponents = LearningTable.opponents(Variant.MINISHOGI, 5);

        assertThat(opponents.stream().map(Player::name))
                .containsExactly("random", "depth-1", "depth-2 eps 0.50", "depth-2");
        assertThat(match(opponents.get(1), opponents.get(0)).low()).isGreaterThan(0.5);
        assertThat(match(opponents.get(2), opponents.get(0)).low()).isGreaterThan(0.8);
        assertThat(match(opponents.get(3), opponents.get(1)).low()).isGreaterThan(0.8);
        assertThat(match(opponents.get(3), opponents.get(2)).low()).isGreaterThan(0.7);
    }

    private static ScoreInterval match(Player player, Player opponent) {
        return MatchRunner.play(player, opponent, settings(Variant.MINISHOGI, 120, 150))
                .interval();
    }

    @Test
    void aPlayerAgainstItselfScoresAboutHalf() {
        MatchResult result = MatchRunner.play(
                new RandomPlayer(new RandomStream(1, 1)),
                new RandomPlayer(new RandomStream(2, 1)),
                settings(Variant.MINISHOGI, 400, 150));

        assertThat(result.interval().low()).isLessThan(0.5);
        assertThat(result.interval().high()).isGreaterThan(0.5);
        assertThat(result.wins() + result.draws() + result.losses()).isEqualTo(400);
        assertThat(result.pairs().stream().mapToInt(Integer::intValue).sum()).isEqualTo(200);
    }

    @Test
    void eachOpeningIsPlayedWithBothColours() {
        Recorder first = new Recorder();
        Recorder second = new Recorder();

        MatchRunner.play(first, second, settings(Variant.SHOGI, 20, 12));

        assertThat(first.asBlack).hasSize(10);
        assertThat(first.asBlack).isEqualTo(second.asBlack);
        assertThat(first.asWhite).isEmpty();
        assertThat(second.asWhite).isEmpty();
        assertThat(first.batches).as("all games of a match advance together").startsWith(10, 20);
        assertThat(second.batches).startsWith(20);
    }

    @Test
    void aPairOfMirroredGamesScoresOnePoint() {
        // Two players that choose by position alone play the same game twice: what one wins as Black, the other does.
        MatchResult result = MatchRunner.play(new FirstMove(), new FirstMove(), settings(Variant.MINISHOGI, 40, 60));

        assertThat(result.pairs()).containsExactly(0, 0, 20, 0, 0);
        assertThat(result.score()).isEqualTo(0.5);
    }

    @Test
    void theSameSeedsGiveTheSameMatch() {
        MatchResult once = randomAgainstDepth1(3);
        MatchResult again = randomAgainstDepth1(3);
        MatchResult otherwise = randomAgainstDepth1(4);

        assertThat(again).isEqualTo(once);
        assertThat(otherwise).isNotEqualTo(once);
    }

    private static MatchResult randomAgainstDepth1(long seed) {
        return MatchRunner.play(
                new RandomPlayer(new RandomStream(seed, 1)),
                new MaterialSearchPlayer(Variant.MINISHOGI, 1, 0.1, new RandomStream(seed, 2)),
                new MatchSettings(Variant.MINISHOGI, rules(100), 60, 4, seed));
    }

    @Test
    void thePlyLimitIsADraw() {
        MatchResult result = MatchRunner.play(
                new RandomPlayer(new RandomStream(1, 1)),
                new RandomPlayer(new RandomStream(2, 1)),
                settings(Variant.SHOGI, 10, 8));

        assertThat(result.draws()).isEqualTo(10);
        assertThat(result.truncated()).isEqualTo(10);
        assertThat(result.score()).isEqualTo(0.5);
        assertThat(result.meanPlies()).isEqualTo(8);
    }

    @Test
    void illegalMovesAreErrorsThatNameThePlayer() {
        Player cheat = new Player() {
            @Override
            public String name() {
                return "cheat";
            }

            @Override
            public void choose(int count, Game[] games, int[] moves) {
                moves[0] = 0;
            }
        };

        assertThatThrownBy(() -> MatchRunner.play(cheat, new FirstMove(), settings(Variant.SHOGI, 2, 50)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("'cheat'")
                .hasMessageContaining("not legal");
    }

    @Test
    void badSettingsNameTheFields() {
        assertThatThrownBy(() -> new MatchSettings(Variant.SHOGI, rules(100), 7, -1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("games 7")
                .hasMessageContaining("openingPlies -1");
        assertThatThrownBy(() -> MatchRunner.play(
                        new FirstMove(), new FirstMove(), new MatchSettings(Variant.SHOGI, rules(3), 2, 4, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4 random plies");
    }

    static GameRules rules(int maxPlies) {
        return new GameRules(maxPlies, Impasse.NONE, RepetitionRule.DRAW);
    }

    static MatchSettings settings(Variant variant, int games, int maxPlies) {
        return new MatchSettings(variant, rules(maxPlies), games, 4, 9);
    }

    static MaterialSearchPlayer depth(Variant variant, int depth, double randomMoveRate) {
        return new MaterialSearchPlayer(variant, depth, randomMoveRate, new RandomStream(77, depth));
    }

    private static final class FirstMove implements Player {
        @Override
        public String name() {
            return "first move";
        }

        @Override
        public void choose(int count, Game[] games, int[] moves) {
            for (int i = 0; i < count; i++) {
                moves[i] = games[i].legalMove(0);
            }
        }
    }

    /** Notes the positions after the opening, per colour it was given there. */
    private static final class Recorder implements Player {
        private final Map<Long, Integer> asBlack = new HashMap<>();
        private final Map<Long, Integer> asWhite = new HashMap<>();
        private final List<Integer> batches = new ArrayList<>();

        @Override
        public String name() {
            return "recorder";
        }

        @Override
        public void choose(int count, Game[] waiting, int[] moves) {
            batches.add(count);
            for (int i = 0; i < count; i++) {
                if (waiting[i].plies() == 4) {
                    boolean black = waiting[i].position().sideToMove() == Color.BLACK;
                    (black ? asBlack : asWhite).merge(waiting[i].position().key(), 1, Integer::sum);
                }
                moves[i] = waiting[i].legalMove(0);
            }
        }
    }
}
