/** The checkpoint format: safetensors weights, a JSON manifest, integrity, atomic writes. */
@org.jspecify.annotations.NullMarked
package keisei.checkpoint;
