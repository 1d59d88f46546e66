/** Tensors, the tape that records and replays operations with their gradients, and parameter initialisation. */
@org.jspecify.annotations.NullMarked
package keisei.tensor;
