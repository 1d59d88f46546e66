/** A device of plain double loops: slow, single-threaded, and the judge of every other device. */
@org.jspecify.annotations.NullMarked
package keisei.device.reference;
