package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Path;
import keisei.evaluation.MatchResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The quick preset, shortened, learns; with the sign of GAE flipped the same run does not. The whole experiment is
 * {@link LearningExperiment}; its figures are in docs/learning.md.
 */
class LearningTest {
    private static final String PLIES = "98304";
    private static final double LEAST_SCORE = 0.70;
    private static final double LEAST_PLIES = 45;

    @TempDir
    private Path directory;

    @Test
    void aShortRunBeatsARandomMoverAndAFlippedSignMakesThePlayersCooperate() {
        TrainingSummary real = train(LearningRule.STANDARD, "real");
        TrainingSummary flipped = train(LearningRuns.FLIPPED_SIGN, "flipped");

        assertThat(learned(real)).as(describe("real", real)).isTrue();
        assertThat(learned(flipped)).as(describe("flipped sign", flipped)).isFalse();
    }

    private static boolean learned(TrainingSummary run) {
        return againstRandom(run).score() >= LEAST_SCORE && run.games().meanPlies() >= LEAST_PLIES;
    }

    private static MatchResult againstRandom(TrainingSummary run) {
        return run.table().orElseThrow().against("random").orElseThrow();
    }

    private static String describe(String name, TrainingSummary run) {
        return "%s: score against random %.3f (least %.2f), mean self-play plies %.1f (least %.0f)"
                .formatted(name, againstRandom(run).score(), LEAST_SCORE, run.games().meanPlies(), LEAST_PLIES);
    }

    private TrainingSummary train(LearningRule rule, String name) {
        return LearningRuns.train(
                LearningRuns.config(
                        directory,
                        1,
                        "logging.run_name=" + name,
                        "training.total_timesteps=" + PLIES,
                        "display.metrics_window_size=200",
                        "evaluation.final_table_games=100"),
                rule,
                new PrintWriter(Writer.nullWriter()));
    }
}
