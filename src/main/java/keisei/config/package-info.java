/** Configuration records, loading and validation. Uses nothing else of Keisei. */
@org.jspecify.annotations.NullMarked
package keisei.config;
