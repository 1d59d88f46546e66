package keisei.training;

import java.util.Locale;
import java.util.Optional;
import keisei.evaluation.LearningCriterion;
import keisei.evaluation.LearningTable;

/**
 * What a session did.
 *
 * @param complete whether the run reached its total
 * @param timestep environment steps of the run
 * @param sessionSteps environment steps of this session
 * @param elapsedSeconds time of the training loop
 * @param environmentSeconds of these, in the environment
 * @param inferenceSeconds of these, in the network during rollouts
 * @param updateSeconds of these, in updates
 * @param games counters at the end
 * @param table the learning table, where one was asked for
 * @param criterion whether the policy learned, where it was asked for
 */
public record TrainingSummary(
        boolean complete,
        long timestep,
        long sessionSteps,
        double elapsedSeconds,
        double environmentSeconds,
        double inferenceSeconds,
        double updateSeconds,
        MetricsManager.GameStatistics games,
        Optional<LearningTable> table,
        Optional<LearningCriterion> criterion) {
    /** Environment steps a second, over the whole loop. */
    public double stepsPerSecond() {
        return sessionSteps / elapsedSeconds;
    }

    /** A few lines for the user. */
    public String format() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%s at timestep %d: %d games (%d Black, %d White, %d drawn, %d cut off), mean of the latest %d: %.1f plies%n",
                complete ? "complete" : "stopped",
                timestep,
                games.episodes(),
                games.blackWins(),
                games.whiteWins(),
                games.draws(),
                games.truncations(),
                games.windowGames(),
                games.meanPlies()));
        text.append(String.format(
                Locale.ROOT,
                "%.0f steps/s over %.1f s: environment %.1f%%, inference %.1f%%, update %.1f%%, other %.1f%%%n",
                stepsPerSecond(),
                elapsedSeconds,
                100 * environmentSeconds / elapsedSeconds,
                100 * inferenceSeconds / elapsedSeconds,
                100 * updateSeconds / elapsedSeconds,
                100 * (1 - (environmentSeconds + inferenceSeconds + updateSeconds) / elapsedSeconds)));
        table.ifPresent(t -> text.append(System.lineSeparator()).append(t.format()));
        criterion.ifPresent(c -> text.append(System.lineSeparator()).append(c.format()));
        return text.toString();
    }
}
