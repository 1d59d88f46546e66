package keisei.tensor;

import keisei.device.Slice;

/**
 * The running statistics of one batch norm.
 *
 * @param mean {@code [C]}
 * @param variance {@code [C]}, unbiased
 * @param epsilon added to the variance
 * @param mode the model's switch
 */
public record RunningStatistics(Slice mean, Slice variance, double epsilon, NormalizationMode mode) {}
