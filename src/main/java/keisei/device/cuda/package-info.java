/** What Keisei knows about CUDA devices: so far, whether the driver has a usable one. */
@org.jspecify.annotations.NullMarked
package keisei.device.cuda;
