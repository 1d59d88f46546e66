/** What {@code keisei bench} measures and prints. */
@org.jspecify.annotations.NullMarked
package keisei.bench;
