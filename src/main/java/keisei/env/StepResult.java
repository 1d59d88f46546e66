package keisei.env;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import keisei.shogi.Color;
import keisei.shogi.Ending;
import keisei.shogi.Game;
import keisei.shogi.Outcome;
import org.jspecify.annotations.Nullable;

/**
 * What one {@link VecShogiEnv#step} did to each game. The caller owns it and hands it in again and again; a step
 * overwrites it; a step of some of the games overwrites their rows only. The arrays behind {@link #rewards}, {@link #terminated} and {@link #truncated} are exposed without
 * copies so that they can be copied to a device in one go.
 */
public final class StepResult {
    private final float[] rewards;
    private final byte[] terminated;
    private final byte[] truncated;
    private final Color[] movers;
    private final Ending[] endings;
    private final @Nullable Color[] winners;
    private final int[] plies;
    private final int recordBytes;
    private final MemorySegment finalPacked;

    /**
     * Room for the results of an environment.
     *
     * @param games number of games
     * @param recordBytes size of a packed position
     */
    public StepResult(int games, int recordBytes) {
        this.rewards = new float[games];
        this.terminated = new byte[games];
        this.truncated = new byte[games];
        this.movers = new Color[games];
        this.endings = new Ending[games];
        this.winners = new @Nullable Color[games];
        this.plies = new int[games];
        this.recordBytes = recordBytes;
        this.finalPacked = MemorySegment.ofArray(new byte[Math.multiplyExact(games, recordBytes)]);
        Arrays.fill(movers, Color.BLACK);
        Arrays.fill(endings, Ending.ONGOING);
    }

    /** Number of games. */
    public int games() {
        return rewards.length;
    }

    /** Size of a packed position in bytes. */
    public int recordBytes() {
        return recordBytes;
    }

    /**
     * Reward of the player who moved, a game each: +1 when the game ended and he won, -1 when it ended and he lost
     * (perpetual check, or the opponent may now declare a win), else 0.
     */
    public float[] rewards() {
        return rewards;
    }

    /** 1 where the game ended by the rules. */
    public byte[] terminated() {
        return terminated;
    }

    /** 1 where the game was stopped at the ply limit; never together with {@link #terminated}. */
    public byte[] truncated() {
        return truncated;
    }

    /** Whether the game ended in this step, either way, and was set up anew. */
    public boolean finished(int game) {
        return (terminated[game] | truncated[game]) != 0;
    }

    /** Who moved. */
    public Color mover(int game) {
        return movers[game];
    }

    /** How the game ended; {@link Ending#ONGOING} where it goes on. */
    public Ending ending(int game) {
        return endings[game];
    }

    /** Who won; null for draws, truncated games and games that go on. */
    public @Nullable Color winner(int game) {
        return winners[game];
    }

    /** Plies of the game after this step, counted before it was set up anew. */
    public int plies(int game) {
        return plies[game];
    }

    /**
     * Packed positions {@code [games, recordBytes]} in which truncated games were stopped, seen by the side to move
     * there: what a bootstrap value is asked for. Rows of other games hold old or no content.
     */
    public MemorySegment finalPacked() {
        return finalPacked;
    }

    /** How many games ended in this step, either way, over all rows. */
    public int finishedGames() {
        int count = 0;
        for (int game = 0; game < rewards.length; game++) {
            count += terminated[game] | truncated[game];
        }
        return count;
    }

    void record(int index, Color mover, Game game, PositionPacker packer) {
        Outcome outcome = game.outcome();
        Color winner = outcome.winner();
        boolean stopped = outcome.isTruncation();
        movers[index] = mover;
        rewards[index] = winner == null ? 0 : winner == mover ? 1 : -1;
        terminated[index] = (byte) (outcome.isOver() && !stopped ? 1 : 0);
        truncated[index] = (byte) (stopped ? 1 : 0);
        endings[index] = outcome.ending();
        winners[index] = winner;
        plies[index] = game.plies();
        if (stopped) {
            packer.write(game, finalPacked, (long) index * recordBytes);
        }
    }
}
