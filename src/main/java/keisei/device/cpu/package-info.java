/** The CPU device: the Vector API on heap arrays, own threads, results that do not depend on their number. */
@org.jspecify.annotations.NullMarked
package keisei.device.cpu;
