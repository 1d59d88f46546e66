package keisei.env;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import keisei.shogi.Game;
import keisei.shogi.Position;
import keisei.shogi.Variant;

/**
 * Writes what a policy needs to choose a move: the packed position and the legal mask of a game, as rows of memory
 * that the caller owns. Holds scratch memory, hence one writer a thread; nothing is allocated by {@link #write}.
 */
public final class ObservationWriter {
    private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final PositionPacker packer;
    private final ActionSpace actions;
    private final int[] moves = new int[Position.MAX_MOVES];
    private final int[] words;

    /** A writer for games of {@code variant}. @throws IllegalArgumentException when the actions are not for it */
    public ObservationWriter(Variant variant, ActionSpace actions, ObservationView view) {
        if (actions.variant() != variant) {
            throw new IllegalArgumentException("actions are for %s, the game is %s"
                    .formatted(actions.variant().id(), variant.id()));
        }
        this.packer = new PositionPacker(variant, view);
        this.actions = actions;
        this.words = new int[actions.maskWords()];
    }

    /** Writes positions alone. */
    public PositionPacker packer() {
        return packer;
    }

    /** Size of a packed position in bytes. */
    public int recordBytes() {
        return packer.layout().recordBytes();
    }

    /** Words of 32 bits in a legal mask. */
    public int maskWords() {
        return words.length;
    }

    /**
     * Writes one row, for the game's side to move.
     *
     * @param packed {@code [rows, recordBytes]} bytes ({@link PackedLayout}), heap or native
     * @param masks {@code [rows, maskWords]} little-endian words: action a is bit a % 32 of word a / 32
     */
    public void write(Game game, int row, MemorySegment packed, MemorySegment masks) {
        packer.write(game, packed, (long) row * recordBytes());
        int count = game.legalMoveCount();
        for (int i = 0; i < count; i++) {
            moves[i] = game.legalMove(i);
        }
        Arrays.fill(words, 0);
        actions.setLegalBits(moves, count, game.position().sideToMove(), words);
        MemorySegment.copy(words, 0, masks, WORD, (long) row * words.length * Integer.BYTES, words.length);
    }
}
