/** SFEN and USI text in and out. */
@org.jspecify.annotations.NullMarked
package keisei.shogi.notation;
