/** Comparison of devices with PyTorch's results; the device is a parameter. */
@org.jspecify.annotations.NullMarked
package keisei.golden;
