/** Players, paired matches and the learning table. */
@org.jspecify.annotations.NullMarked
package keisei.evaluation;
