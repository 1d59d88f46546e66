/** Comparisons with numbers that another engine computed; see {@code golden/README.md} among the test resources. */
@org.jspecify.annotations.NullMarked
package keisei.golden;
