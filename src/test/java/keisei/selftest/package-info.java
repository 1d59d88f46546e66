/** The self-test of the portable bundle: the tests of devices, run on a device of the machine at hand. */
@org.jspecify.annotations.NullMarked
package keisei.selftest;
