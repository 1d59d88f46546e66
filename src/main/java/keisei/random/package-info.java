/** Random streams whose whole state can be saved and restored; uses nothing else of Keisei. */
@org.jspecify.annotations.NullMarked
package keisei.random;
