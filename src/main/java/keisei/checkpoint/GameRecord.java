package keisei.checkpoint;

import java.util.List;

/**
 * A game in progress, as text that the environment can replay.
 *
 * @param start start position (SFEN)
 * @param moves moves from there on (USI)
 */
public record GameRecord(String start, List<String> moves) {
    /** Copies the list. */
    public GameRecord {
        moves = List.copyOf(moves);
    }
}
