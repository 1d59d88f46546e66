package keisei.training;

import keisei.ppo.PpoMetrics;

/**
 * What callbacks and the display see after an update.
 *
 * @param timestep environment steps so far
 * @param totalTimesteps environment steps of the whole run
 * @param updates updates so far
 * @param stepsPerSecond rate of this session
 * @param remainingSeconds estimate from that rate
 * @param games counters and the window's figures
 * @param ppo metrics of the last update
 */
public record TrainingProgress(
        long timestep,
        long totalTimesteps,
        long updates,
        double stepsPerSecond,
        double remainingSeconds,
        MetricsManager.GameStatistics games,
        PpoMetrics ppo) {}
