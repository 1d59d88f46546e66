/**
 * The trainer: a facade over managers of one concern each. {@link keisei.training.Trainer} builds them, runs the
 * loop, and finalises whatever happens.
 */
@org.jspecify.annotations.NullMarked
package keisei.training;
