/** The command line: picocli commands that parse, call and print. No logic of their own. */
@org.jspecify.annotations.NullMarked
package keisei.cli;
