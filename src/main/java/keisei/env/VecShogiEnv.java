package keisei.env;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import keisei.shogi.Color;
import keisei.shogi.Game;
import keisei.shogi.Position;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;

/**
 * Many games advanced together: the learning environment. One round is {@link #observe}, which writes packed positions
 * and legal masks into memory that the caller owns, then {@link #step} with one action a game. A game that ends is set
 * up anew at once, so that all games always wait for an action.
 *
 * <p>Both players' positions are observed and both players' actions are asked for, alternately, always in the mover's
 * perspective. Both calls can be made for a range of games, so that the others can wait for their actions meanwhile. The
 * games of a call are shared among threads in fixed contiguous ranges; results do not depend on the number of threads.
 * One caller at a time. Nothing is allocated by {@link #observe} and {@link #step}.
 */
public final class VecShogiEnv implements AutoCloseable {
    private final EnvSettings settings;
    private final int recordBytes;
    private final int maskWords;
    private final Game[] games;
    private final ObservationWriter[] writers;
    private final WorkerPool pool;
    private final WorkerPool.Task observing = this::observeShare;
    private final WorkerPool.Task stepping = this::stepShare;

    // Arguments of the call in progress, read by the workers.
    private int from;
    private int to;
    private MemorySegment packed = MemorySegment.NULL;
    private MemorySegment masks = MemorySegment.NULL;
    private int[] actions = {};
    private StepResult result = new StepResult(0, 0);

    /** Sets up all games at the start position. Owns its threads; {@link #close} ends them. */
    public VecShogiEnv(EnvSettings settings) {
        this.settings = settings;
        this.recordBytes = PackedLayout.of(settings.variant()).recordBytes();
        this.maskWords = settings.actions().maskWords();
        this.games = new Game[settings.games()];
        for (int i = 0; i < games.length; i++) {
            games[i] = new Game(settings.variant(), settings.rules());
        }
        this.writers = new ObservationWriter[Math.min(settings.threads(), games.length)];
        for (int i = 0; i < writers.length; i++) {
            writers[i] = new ObservationWriter(settings.variant(), settings.actions(), settings.view());
        }
        this.pool = new WorkerPool(writers.length, "keisei-env");
    }

    /** What it was made from. */
    public EnvSettings settings() {
        return settings;
    }

    /** Number of games. */
    public int games() {
        return games.length;
    }

    /** Size of a packed position in bytes. */
    public int recordBytes() {
        return recordBytes;
    }

    /** Words of 32 bits in a legal mask. */
    public int maskWords() {
        return maskWords;
    }

    /** Room for the results of {@link #step}. */
    public StepResult newResult() {
        return new StepResult(games.length, recordBytes);
    }

    /** Sets up all games anew. */
    public void reset() {
        for (Game game : games) {
            game.reset();
        }
    }

    /** A game, to be read (display, tests); it may not be played or reset by the reader. */
    public Game game(int index) {
        return games[Objects.checkIndex(index, games.length)];
    }

    /** Takes down a game, so that {@link #restore} brings it back. */
    public GameSnapshot save(int index) {
        Game game = game(index);
        int[] moves = new int[game.plies()];
        for (int ply = 0; ply < moves.length; ply++) {
            moves[ply] = game.moveAt(ply);
        }
        return new GameSnapshot(Sfen.format(game.startPosition()), moves);
    }

    /**
     * Puts a game back.
     *
     * @throws IllegalArgumentException when the snapshot does not replay to a game that goes on; the game is then at
     *     the start position
     */
    public void restore(int index, GameSnapshot snapshot) {
        Game game = game(index);
        game.reset();
        try {
            Position start = Sfen.parse(settings.variant(), snapshot.startSfen());
            game.reset(start);
            for (int move : snapshot.moves()) {
                game.play(move);
            }
            if (game.outcome().isOver()) {
                throw new IllegalArgumentException("the game is over: " + game.outcome());
            }
        } catch (IllegalArgumentException | IllegalStateException failure) {
            game.reset();
            throw new IllegalArgumentException(
                    "game %d cannot be restored from %s: %s".formatted(index, snapshot, failure.getMessage()), failure);
        }
    }

    /**
     * Writes packed positions and legal masks of games {@code from} (inclusive) to {@code to} (exclusive), for their
     * sides to move, from row 0 on. With more than one thread the memory must be open to all threads (heap, or an arena
     * that is shared, automatic or global).
     *
     * @param packed {@code [to - from, recordBytes]} bytes ({@link PackedLayout}), heap or native
     * @param masks {@code [to - from, maskWords]} little-endian words: action a is bit a % 32 of word a / 32
     * @throws IndexOutOfBoundsException when the range is not inside the games, or memory is too small
     */
    public void observe(int from, int to, MemorySegment packed, MemorySegment masks) {
        Objects.checkFromToIndex(from, to, games.length);
        requireBytes("packed", packed, (long) (to - from) * recordBytes);
        requireBytes("masks", masks, (long) (to - from) * maskWords * Integer.BYTES);
        this.from = from;
        this.to = to;
        this.packed = packed;
        this.masks = masks;
        pool.run(observing);
    }

    /** Plays one action in every game; otherwise as {@link #step(int, int, int[], StepResult)}. */
    public void step(int[] actions, StepResult result) {
        step(0, games.length, actions, result);
    }

    /**
     * Plays one action in each of the games {@code from} (inclusive) to {@code to} (exclusive) and sets up anew those
     * that end. The other games stay as they are, and so do their rows of the result.
     *
     * @param actions {@code [games]} indices of the action space, in the mover's perspective; those of the range are
     *     read
     * @param result receives what happened, in the rows of the range
     * @throws IndexOutOfBoundsException when the range is not inside the games
     * @throws IllegalArgumentException when an action is not legal; the message names game, action and move. Other
     *     games of the range may then have advanced: {@link #reset} before going on
     */
    public void step(int from, int to, int[] actions, StepResult result) {
        Objects.checkFromToIndex(from, to, games.length);
        if (actions.length != games.length || result.games() != games.length || result.recordBytes() != recordBytes) {
            throw new IllegalArgumentException(
                    "%d games of %d-byte records need as many actions and results, got %d and %d of %d bytes"
                            .formatted(
                                    games.length, recordBytes, actions.length, result.games(), result.recordBytes()));
        }
        this.from = from;
        this.to = to;
        this.actions = actions;
        this.result = result;
        pool.run(stepping);
    }

    private void observeShare(int worker) {
        int count = to - from;
        int end = share(count, worker + 1);
        for (int row = share(count, worker); row < end; row++) {
            writers[worker].write(games[from + row], row, packed, masks);
        }
    }

    private void stepShare(int worker) {
        int count = to - from;
        int end = from + share(count, worker + 1);
        for (int index = from + share(count, worker); index < end; index++) {
            Game game = games[index];
            Color mover = game.position().sideToMove();
            play(index, game, actions[index], mover);
            result.record(index, mover, game, writers[worker].packer());
            if (result.finished(index)) {
                game.reset();
            }
        }
    }

    /** First of {@code count} items of the worker's share. */
    private int share(int count, int worker) {
        return (int) ((long) count * worker / writers.length);
    }

    private void play(int index, Game game, int action, Color mover) {
        try {
            game.play(settings.actions().decode(action, mover));
        } catch (IllegalArgumentException failure) {
            throw new IllegalArgumentException(
                    "game %d: action %d (%s) is not legal for %s at ply %d: %s"
                            .formatted(
                                    index, action, describe(action, mover), mover, game.plies(), failure.getMessage()),
                    failure);
        }
    }

    private String describe(int action, Color mover) {
        try {
            return Usi.format(settings.variant(), settings.actions().decode(action, mover));
        } catch (IllegalArgumentException unmapped) {
            return "no move";
        }
    }

    private static void requireBytes(String name, MemorySegment memory, long bytes) {
        if (memory.byteSize() < bytes) {
            throw new IndexOutOfBoundsException(
                    "%s has %d bytes, %d are needed".formatted(name, memory.byteSize(), bytes));
        }
    }

    /** Ends the threads. */
    @Override
    public void close() {
        pool.close();
    }
}
