package keisei.config;

import org.jspecify.annotations.Nullable;

/**
 * Where a run leaves its files.
 *
 * @param modelDir directory of all runs; a run's own directory lies in it
 * @param runName name of the run and of its directory; null: made from model, features and time
 * @param logFile name of the log file in the run directory
 * @param logLevel how much is logged; the environment variable KEISEI_LOG_LEVEL wins
 */
public record LoggingConfig(
        @Setting(value = "runs", pattern = ".+", patternMeaning = "a directory")
        String modelDir,

        @Setting(value = "null", pattern = FileNames.PATTERN, patternMeaning = FileNames.MEANING, optional = true)
        @Nullable
        String runName,

        @Setting(value = "training_log.txt", pattern = FileNames.PATTERN, patternMeaning = FileNames.MEANING)
        String logFile,

        @Setting(
                value = "info",
                allowed = {"error", "warn", "info", "debug", "trace"})
        String logLevel) {}
