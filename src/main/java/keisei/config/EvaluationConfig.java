package keisei.config;

/**
 * How the policy is measured. Evaluation games are played with the most probable move, from pairs of random openings
 * with colours swapped.
 *
 * @param enablePeriodicEvaluation whether to evaluate every {@code training.evaluation_interval_timesteps}
 * @param opponentType opponent of periodic evaluations; all: the four others
 * @param numGames games an opponent in periodic evaluations, an even number
 * @param maxMovesPerGame plies after which an evaluation game counts as a draw
 * @param openingPlies random moves each pair of games begins with
 * @param finalTable whether the run ends with the learning table
 * @param finalTableGames games an opponent in that table, an even number
 * @param learningCriterion whether the final table is followed by the learning criterion (measured for minishogi)
 * @param logFilePathEval file in the run directory that evaluations are written to
 */
public record EvaluationConfig(
        @Setting("true") boolean enablePeriodicEvaluation,

        @Setting(
                value = "random",
                allowed = {"random", "depth-1", "depth-2-half-random", "depth-2", "all"})
        String opponentType,

        @Setting(value = "20", range = "[2, 1000000]") int numGames,
        @Setting(value = "500", range = "[1, 65535]") int maxMovesPerGame,
        @Setting(value = "4", range = "[0, 100]") int openingPlies,
        @Setting("false") boolean finalTable,
        @Setting(value = "200", range = "[2, 1000000]") int finalTableGames,
        @Setting("false") boolean learningCriterion,

        @Setting(value = "eval_log.txt", pattern = FileNames.PATTERN, patternMeaning = FileNames.MEANING)
        String logFilePathEval) {}
