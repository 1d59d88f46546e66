/**
 * Configuration: immutable records, loaded from defaults, a YAML or JSON file, {@code --override} pairs and
 * command-line flags, in rising precedence, and checked as a whole. Knows nothing else of Keisei: names of variants,
 * models or features are texts here and are looked up where they are used.
 */
@org.jspecify.annotations.NullMarked
package keisei.config;
