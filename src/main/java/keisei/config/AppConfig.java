package keisei.config;

/**
 * The configuration of one run. Made by {@link ConfigLoader}, which checks every value.
 *
 * @param env the games, the device, the seed
 * @param training model, PPO, optimizer, intervals
 * @param evaluation how the policy is measured
 * @param logging run directory, run name, log file
 * @param display the terminal view
 */
public record AppConfig(
        EnvConfig env,
        TrainingConfig training,
        EvaluationConfig evaluation,
        LoggingConfig logging,
        DisplayConfig display) {}
