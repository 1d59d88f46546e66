package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import keisei.env.StepResult;
import keisei.training.MetricsManager.GameStatistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class MetricsManagerTest {
    /** A checkpoint's state: 7 games, of which the window holds the latest as pairs of result and plies. */
    private static MetricsManager restored(int windowSize, int... window) {
        ObjectNode counters = JsonNodeFactory.instance
                .objectNode()
                .put("global_timestep", 1000)
                .put("updates", 4)
                .put("total_episodes_completed", 7)
                .put("black_wins", 3)
                .put("white_wins", 2)
                .put("draws", 1)
                .put("truncations", 1)
                .put("plies_of_episodes", 210);
        ObjectNode windows = JsonNodeFactory.instance.objectNode();
        var games = windows.putArray("games");
        for (int value : window) {
            games.add(value);
        }
        MetricsManager metrics = new MetricsManager(windowSize);
        metrics.restore(counters, windows);
        return metrics;
    }

    @Test
    void withoutGamesSharesAreZeroAndTheMeanIsUnknown() {
        GameStatistics statistics = new MetricsManager(5).statistics();

        assertThat(statistics.episodes()).isZero();
        assertThat(statistics.windowGames()).isZero();
        assertThat(statistics.blackWinShare()).isZero();
        assertThat(statistics.meanPlies()).isNaN();
    }

    @Test
    void aNegativeIncrementIsRefusedAndChangesNothing() {
        MetricsManager metrics = new MetricsManager(5);
        metrics.incrementTimestepBy(3);

        assertThatThrownBy(() -> metrics.incrementTimestepBy(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("timestep increment is -1, must be >= 0");
        assertThat(metrics.globalTimestep()).isEqualTo(3);
    }

    @Test
    void countersAndWindowsComeBackFromTheirCheckpoint() {
        MetricsManager metrics = restored(5, 0, 10, 1, 20, 2, 30, 3, 40);

        GameStatistics statistics = metrics.statistics();
        assertThat(statistics).isEqualTo(new GameStatistics(7, 3, 2, 1, 1, 4, 0.25, 0.25, 0.25, 0.25, 25));
        assertThat(metrics.globalTimestep()).isEqualTo(1000);
        assertThat(metrics.updates()).isEqualTo(4);
        MetricsManager again = new MetricsManager(5);
        again.restore(metrics.counters(), metrics.windows());
        assertThat(again.counters()).isEqualTo(metrics.counters());
        assertThat(again.windows()).isEqualTo(metrics.windows());
        assertThat(again.statistics()).isEqualTo(statistics);
    }

    @Test
    void aSmallerWindowThanTheCheckpointsKeepsTheLatestGames() {
        MetricsManager metrics = restored(2, 0, 10, 0, 20, 1, 30, 3, 50);

        assertThat(metrics.statistics().windowGames()).isEqualTo(2);
        assertThat(metrics.statistics().meanPlies()).isEqualTo(40);
        assertThat(metrics.statistics().blackWinShare()).isZero();
    }

    @Test
    void missingCountersAreZero() {
        MetricsManager metrics = restored(5, 0, 10);
        metrics.restore(JsonNodeFactory.instance.objectNode(), JsonNodeFactory.instance.objectNode());

        assertThat(metrics.globalTimestep()).isZero();
        assertThat(metrics.statistics()).isEqualTo(new MetricsManager(5).statistics());
    }

    @Test
    void realGamesAreCountedByResultAndTheWindowHoldsOnlyTheLatest(@TempDir Path folder) {
        int window = 3;
        MetricsManager metrics = new MetricsManager(window);
        int[] counts = new int[4];
        int finished = 0;
        int[] latest = new int[window];
        try (Trainer trainer = Runs.trainer(
                Runs.config(folder, "env.max_moves_per_game=60", "training.calibration_positions=0"),
                java.util.Optional.empty())) {
            for (int step = 1; step <= 300; step++) {
                if (trainer.setupManager().buffer().isFull()) {
                    trainer.setupManager().buffer().clear();
                }
                StepResult result = trainer.stepManager().executeStep();
                metrics.recordStep(result);
                for (int game = 0; game < result.games(); game++) {
                    if (result.terminated()[game] != 0 || result.truncated()[game] != 0) {
                        boolean cut = result.truncated()[game] != 0;
                        var winner = result.winner(game);
                        counts[cut ? 3 : winner == null ? 2 : winner == keisei.shogi.Color.BLACK ? 0 : 1]++;
                        latest[finished++ % window] = result.plies(game);
                    }
                }
                assertThat(metrics.globalTimestep()).isEqualTo((long) step * Runs.GAMES);
            }
        }

        GameStatistics statistics = metrics.statistics();
        assertThat(counts[0]).as("Black wins in this test").isPositive();
        assertThat(counts[1]).as("White wins in this test").isPositive();
        assertThat(counts[3]).as("games cut off in this test").isPositive();
        assertThat(new long[] {
                    statistics.blackWins(), statistics.whiteWins(), statistics.draws(), statistics.truncations()
                })
                .containsExactly(counts[0], counts[1], counts[2], counts[3]);
        assertThat(statistics.episodes()).isEqualTo(finished);
        assertThat(metrics.totalEpisodesCompleted()).isEqualTo(finished);
        assertThat(statistics.windowGames()).isEqualTo(window);
        assertThat(statistics.meanPlies()).isCloseTo((latest[0] + latest[1] + latest[2]) / 3.0, within(1e-12));
        assertThat(statistics.blackWinShare()
                        + statistics.whiteWinShare()
                        + statistics.drawShare()
                        + statistics.truncationShare())
                .isCloseTo(1, within(1e-12));
    }
}
