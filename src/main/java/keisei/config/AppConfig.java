package keisei.config;

import tools.jackson.databind.node.ObjectNode;

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
        DisplayConfig display) {
    /** Moves that each game makes between two updates. */
    public int roundsPerEpoch() {
        return training.environmentStepsPerEpoch() / env.numGames();
    }

    /** The whole configuration with the keys of the files; loaded again, it gives an equal configuration. */
    public ObjectNode toTree() {
        return ConfigTree.of(this);
    }

    /** {@link #toTree} as YAML text. */
    public String toYaml() {
        return ConfigTree.yaml(this);
    }
}
