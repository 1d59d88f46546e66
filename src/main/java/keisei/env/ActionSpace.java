package keisei.env;

import keisei.shogi.Color;
import keisei.shogi.Move;
import keisei.shogi.Variant;

/**
 * A numbering of moves, the policy's outputs: {@code totalActions} indices from 0 on. Moves are numbered as the mover
 * sees them ({@link Perspective}), the same view that the feature planes have. Immutable; nothing is allocated by
 * {@link #encode}, {@link #decode} and {@link #setLegalBits}. Made by {@link ActionSpaces#byName}.
 */
public interface ActionSpace {
    /** Name in configuration: flat, spatial, compact. */
    String name();

    /** The game whose moves are numbered. */
    Variant variant();

    /** How many indices there are; every legal move has one, not every index has a move. */
    int totalActions();

    /** Words of 32 bits in a legal mask. */
    default int maskWords() {
        return (totalActions() + 31) / 32;
    }

    /**
     * Index of a move ({@link Move} code) in perspective space.
     *
     * @throws IllegalArgumentException when this space has no index for the move
     */
    int encode(int perspectiveMove);

    /**
     * The move in perspective space that has this index.
     *
     * @throws IllegalArgumentException when the index is out of range, or stands for no move on this board
     */
    int decode(int index);

    /** Index of a move on the absolute board. @throws IllegalArgumentException as {@link #encode(int)} */
    default int encode(int move, Color mover) {
        return encode(Perspective.move(variant(), move, mover));
    }

    /** Move on the absolute board. @throws IllegalArgumentException as {@link #decode(int)} */
    default int decode(int index, Color mover) {
        return Perspective.move(variant(), decode(index), mover);
    }

    /**
     * Adds moves to a legal mask: action {@code a} is bit {@code a % 32} of word {@code a / 32}.
     *
     * @param moves moves on the absolute board
     * @param count how many of them
     * @param mover who plays them
     * @param words at least {@link #maskWords} words, 0 where no other bits are wanted
     * @throws IllegalArgumentException when a move has no index
     */
    default void setLegalBits(int[] moves, int count, Color mover, int[] words) {
        for (int i = 0; i < count; i++) {
            int action = encode(moves[i], mover);
            words[action >> 5] |= 1 << action;
        }
    }
}
