/** The CUDA device: finding and loading NVIDIA's libraries, their bindings, memory, and the primitives on a GPU. */
@org.jspecify.annotations.NullMarked
package keisei.device.cuda;
