package keisei.env;

import java.util.Arrays;
import java.util.List;
import keisei.shogi.Variant;
import keisei.shogi.notation.Usi;

/**
 * A game as it can be saved and replayed: positions, repetition counts and the ply follow from it.
 *
 * @param startSfen the position it began with
 * @param moves the moves so far, {@link keisei.shogi.Move} codes on the absolute board
 */
public record GameSnapshot(String startSfen, int[] moves) {
    /** Copies the moves. */
    public GameSnapshot {
        moves = moves.clone();
    }

    /**
     * A snapshot from text, as checkpoints store it.
     *
     * @param usiMoves moves in USI
     * @throws IllegalArgumentException when a move cannot be read
     */
    public static GameSnapshot ofText(Variant variant, String startSfen, List<String> usiMoves) {
        int[] moves = new int[usiMoves.size()];
        for (int ply = 0; ply < moves.length; ply++) {
            moves[ply] = Usi.parseMove(variant, usiMoves.get(ply));
        }
        return new GameSnapshot(startSfen, moves);
    }

    /** The moves in USI. */
    public List<String> usiMoves(Variant variant) {
        return Arrays.stream(moves).mapToObj(move -> Usi.format(variant, move)).toList();
    }

    /** A copy of the moves. */
    @Override
    public int[] moves() {
        return moves.clone();
    }

    /** Moves played. */
    public int plies() {
        return moves.length;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GameSnapshot snapshot
                && startSfen.equals(snapshot.startSfen)
                && Arrays.equals(moves, snapshot.moves);
    }

    @Override
    public int hashCode() {
        return 31 * startSfen.hashCode() + Arrays.hashCode(moves);
    }

    @Override
    public String toString() {
        return "GameSnapshot[%s, %d plies]".formatted(startSfen, moves.length);
    }
}
