/** The trainer and its managers. */
@org.jspecify.annotations.NullMarked
package keisei.training;
