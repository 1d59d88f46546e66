package keisei.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import keisei.random.RandomStream;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Test;

class LearningTableTest {
    @Test
    void aStrongPlayerPassesTheCriterion() {
        LearningTable table = LearningTable.measure(
                MatchRunnerTest.depth(Variant.MINISHOGI, 2, 0), Variant.MINISHOGI, MatchRunnerTest.rules(150), 40, 1);

        assertThat(table.rows()).hasSize(4);
        assertThat(LearningCriterion.check(table, 40).passed())
                .as(table.format())
                .isTrue();
        assertThat(LearningCriterion.check(table, 5).passed())
                .as("collapsed games")
                .isFalse();
    }

    @Test
    void aRandomPlayerFailsTheCriterion() {
        LearningTable table = LearningTable.measure(
                new RandomPlayer(new RandomStream(3, 3)), Variant.MINISHOGI, MatchRunnerTest.rules(150), 40, 1);

        LearningCriterion criterion = LearningCriterion.check(table, 40);

        assertThat(criterion.passed()).isFalse();
        assertThat(criterion.lines().stream().map(LearningCriterion.Line::passed))
                .containsExactly(false, false, true);
        assertThat(criterion.format()).contains("FAIL").contains("pass");
    }

    @Test
    void theCriterionHoldsAtItsBoundsAndNotBeyond() {
        assertThat(LearningCriterion.check(table(190, 10, 120, 80), 20.1).passed())
                .isTrue();
        assertThat(LearningCriterion.check(table(189, 11, 120, 80), 20.1)
                        .lines()
                        .get(0)
                        .passed())
                .isFalse();
        assertThat(LearningCriterion.check(table(190, 10, 119, 81), 20.1)
                        .lines()
                        .get(1)
                        .passed())
                .isFalse();
        assertThat(LearningCriterion.check(table(190, 10, 120, 80), 20)
                        .lines()
                        .get(2)
                        .passed())
                .isFalse();
        assertThatThrownBy(() -> LearningCriterion.check(new LearningTable(List.of()), 30))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'random'");
    }

    @Test
    void theTableIsPlainAndAligned() {
        String text = table(190, 10, 120, 80).format();

        assertThat(text.lines())
                .containsExactly(
                        "opponent               games   win  draw  loss   score  95 % interval    plies",
                        "random                   200   190     0    10   0.950  [0.910, 0.973]    31.5",
                        "depth-2 eps 0.50         200   120     0    80   0.600  [0.531, 0.665]    31.5");
    }

    private static LearningTable table(int wins, int losses, int depth2Wins, int depth2Losses) {
        return new LearningTable(
                List.of(row("random", wins, losses), row("depth-2 eps 0.50", depth2Wins, depth2Losses)));
    }

    private static MatchResult row(String opponent, int wins, int losses) {
        return new MatchResult("net", opponent, wins, 0, 0, losses, 0, List.of(0, 0, 100, 0, 0), 31.5);
    }
}
