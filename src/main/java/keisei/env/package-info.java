/** Games as a learning environment: perspective, feature planes, action spaces, many games advanced at once. */
@org.jspecify.annotations.NullMarked
package keisei.env;
