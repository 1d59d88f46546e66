package keisei.ppo;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import keisei.device.Device;
import keisei.device.Slice;

/**
 * What the environment said during a rollout, {@code [T, N]} in host memory until the rollout is finished: copying it
 * step by step would put the caller behind the inference that is under way. The same holds for the positions at which
 * games were cut off; they wait here until there are enough of them for a batch, or the rollout ends. The arena owns
 * the memory.
 */
final class RolloutOutcomes {
    private final int games;
    private final int recordBytes;
    private final HostReals rewards;
    private final MemorySegment terminated;
    private final MemorySegment truncated;
    private final HostReals finalValues;
    private final HostReals fetchedValues;
    private final MemorySegment positions;
    private final int[] rows;
    private int waiting;
    private boolean hasFinalValues;

    /** @throws IllegalArgumentException when an array would be too long */
    RolloutOutcomes(Device device, Arena arena, int steps, int games, int recordBytes) {
        int count = Math.multiplyExact(steps, games);
        this.games = games;
        this.recordBytes = recordBytes;
        rewards = new HostReals(device, arena, count);
        terminated = arena.allocate(count, 64);
        truncated = arena.allocate(count, 64);
        finalValues = new HostReals(device, arena, count);
        fetchedValues = new HostReals(device, arena, games);
        positions = arena.allocate((long) games * recordBytes, 64);
        rows = new int[games];
    }

    /** Forgets everything. */
    void clear() {
        waiting = 0;
        hasFinalValues = false;
    }

    /** Takes step {@code t} of games {@code from} to {@code to}; arrays have an element for each of all games. */
    void put(int t, int from, int to, float[] reward, byte[] terminatedFlags, byte[] truncatedFlags) {
        int row = t * games + from;
        for (int game = from; game < to; game++) {
            rewards.set(t * games + game, reward[game]);
        }
        MemorySegment.copy(terminatedFlags, from, terminated, ValueLayout.JAVA_BYTE, row, to - from);
        MemorySegment.copy(truncatedFlags, from, truncated, ValueLayout.JAVA_BYTE, row, to - from);
    }

    /** Copies the first {@code destination.length()} rewards to the device. */
    void writeRewards(Slice destination) {
        rewards.writeTo(destination);
    }

    /** Copies the first {@code destination.length()} flags to the device. */
    void writeTerminated(Device device, Slice destination) {
        device.write(destination, terminated);
    }

    /** Copies the first {@code destination.length()} flags to the device. */
    void writeTruncated(Device device, Slice destination) {
        device.write(destination, truncated);
    }

    /** Whether {@code count} more positions have room. */
    boolean hasRoomFor(int count) {
        return waiting + count <= rows.length;
    }

    /** Keeps the position at which a game was cut off. @param source {@code [N, recordBytes]} */
    void keep(int t, int game, MemorySegment source) {
        MemorySegment.copy(source, (long) game * recordBytes, positions, (long) waiting * recordBytes, recordBytes);
        rows[waiting++] = t * games + game;
    }

    /** Positions without a value, at most N. */
    int waiting() {
        return waiting;
    }

    /** These positions, {@code [waiting, recordBytes]}. */
    MemorySegment positions() {
        return positions;
    }

    /** Puts the values of all waiting positions where they belong; waits for the device. */
    void takeFinalValues(Slice values) {
        if (!hasFinalValues) {
            hasFinalValues = true;
            finalValues.clear();
        }
        fetchedValues.readFrom(values);
        for (int i = 0; i < waiting; i++) {
            finalValues.set(rows[i], fetchedValues.get(i));
        }
        waiting = 0;
    }

    /** Copies the first {@code destination.length()} final values to the device, if a game was cut off at all. */
    void writeFinalValues(Slice destination) {
        if (hasFinalValues) {
            finalValues.writeTo(destination);
        }
    }
}
