/** The rules: squares, pieces, positions, legal moves, repetition, declaration, perft, for 9x9 Shogi and 5x5 Minishogi. Uses nothing else of Keisei. */
@org.jspecify.annotations.NullMarked
package keisei.shogi;
