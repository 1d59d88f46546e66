/** The compute device: memory with owners, and the primitives of the engine. Knows no Shogi and no network. */
@org.jspecify.annotations.NullMarked
package keisei.device;
