/** A device for tests: every primitive as the plainest loop that does what its contract says, in float64. */
@org.jspecify.annotations.NullMarked
package keisei.device.reference;
