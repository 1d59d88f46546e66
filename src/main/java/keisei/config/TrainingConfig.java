package keisei.config;

import org.jspecify.annotations.Nullable;

/**
 * Model, PPO, optimizer and intervals. A timestep is one move in one game.
 *
 * @param totalTimesteps moves, over all games, after which the run is complete; the last rollout is shortened to end
 *     on the first round that reaches it
 * @param environmentStepsPerEpoch key {@code steps_per_epoch}: moves, over all games, between two updates; a multiple
 *     of {@code env.num_games}. Each game makes {@link AppConfig#roundsPerEpoch} of them
 * @param ppoEpochs passes over these positions
 * @param minibatchSize positions a gradient step
 * @param learningRate of Adam at the start of the schedule
 * @param gamma discount a move
 * @param lambdaGae lambda of generalised advantage estimation
 * @param clipEpsilon how far the probability ratio may leave 1
 * @param valueLossCoeff factor of the value loss
 * @param entropyCoef factor of the entropy bonus
 * @param targetKl an update stops when a minibatch's KL estimate is larger; 0: never
 * @param normalizeAdvantages whether advantages get mean 0 and deviation 1 over the batch
 * @param enableValueClipping whether the value loss is clipped like the policy's
 * @param enablePolicyClipping whether the policy loss is clipped
 * @param gradientClipMaxNorm largest global L2 norm of a gradient; 0: no clipping
 * @param decoupledWeightDecay AdamW (weights shrink directly) instead of Adam with an L2 gradient
 * @param adamEpsilon epsilon of Adam
 * @param weightDecay factor of the weight decay
 * @param lrScheduleType constant when null, which may be written {@code none}
 * @param lrScheduleKwargs parameters of the schedule
 * @param lrScheduleStepOn whether the schedule moves once an epoch (rollout and its update) or once a gradient step
 * @param inputFeatures feature planes
 * @param modelType registered model
 * @param towerDepth residual blocks
 * @param towerWidth channels
 * @param seRatio bottleneck of squeeze-and-excitation as a fraction of the width; 0 or null: none
 * @param policyInitScale factor of the initial weights of the policy head\'s last layer
 * @param normalization what batch normalisation uses in updates: running statistics or the minibatch's own
 * @param statisticsMomentum with running statistics: how far they move toward the batch's after each update
 * @param calibrationPositions positions of random games that set the statistics before the first rollout; 0: none
 * @param mixedPrecision whether to compute in half precision where the device can
 * @param ddp several processes; false in this version
 * @param checkpointIntervalTimesteps timesteps between checkpoints; 0: only the final one
 * @param evaluationIntervalTimesteps timesteps between evaluations
 * @param renderEverySteps rounds (one move in every game) between looks at whether the live view is due
 * @param refreshPerSecond how often the live view is redrawn at most
 */
public record TrainingConfig(
        @Setting(value = "500000", range = "[1, 1e15]") long totalTimesteps,

        @Setting(value = "2048", key = "steps_per_epoch", range = "[1, 100000000]")
        int environmentStepsPerEpoch,

        @Setting(value = "4", range = "[1, 1000]") int ppoEpochs,
        @Setting(value = "256", range = "[2, 1000000]") int minibatchSize,
        @Setting(value = "3e-4", range = "(0, 10]") double learningRate,
        @Setting(value = "0.99", range = "(0, 1]") double gamma,
        @Setting(value = "0.95", range = "[0, 1]") double lambdaGae,
        @Setting(value = "0.2", range = "(0, 1]") double clipEpsilon,
        @Setting(value = "0.5", range = "[0, 1000]") double valueLossCoeff,
        @Setting(value = "0.01", range = "[0, 1000]") double entropyCoef,
        @Setting(value = "0", range = "[0, 1000]") double targetKl,
        @Setting("true") boolean normalizeAdvantages,
        @Setting("false") boolean enableValueClipping,
        @Setting("true") boolean enablePolicyClipping,
        @Setting(value = "0.5", range = "[0, 1e6]") double gradientClipMaxNorm,

        @Setting("false") boolean decoupledWeightDecay,
        @Setting(value = "1e-8", range = "(0, 1]") double adamEpsilon,
        @Setting(value = "0", range = "[0, 1]") double weightDecay,

        @Setting(
                value = "null",
                nullWord = "none",
                allowed = {"linear", "cosine", "exponential", "step"},
                optional = true)
        @Nullable
        String lrScheduleType,

        ScheduleConfig lrScheduleKwargs,

        @Setting(
                value = "epoch",
                allowed = {"epoch", "update"})
        String lrScheduleStepOn,

        @Setting("core46") String inputFeatures,
        @Setting("resnet") String modelType,
        @Setting(value = "9", range = "[1, 256]") int towerDepth,
        @Setting(value = "256", range = "[1, 4096]") int towerWidth,

        @Setting(value = "0.25", range = "[0, 1]", optional = true) @Nullable
        Double seRatio,

        @Setting(value = "0.01", range = "(0, 100]") double policyInitScale,

        @Setting(
                value = "running",
                allowed = {"running", "batch"})
        String normalization,

        @Setting(value = "0.1", range = "[0, 1]") double statisticsMomentum,
        @Setting(value = "4096", range = "[0, 10000000]") int calibrationPositions,
        @Setting("false") boolean mixedPrecision,
        @Setting("false") boolean ddp,
        @Setting(value = "100000", range = "[0, 1e15]") long checkpointIntervalTimesteps,
        @Setting(value = "50000", range = "[1, 1e15]") long evaluationIntervalTimesteps,
        @Setting(value = "1", range = "[1, 1000000]") int renderEverySteps,
        @Setting(value = "4", range = "(0, 60]") double refreshPerSecond) {}
