package keisei.ppo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import keisei.device.PlaneProgram;

/**
 * A self-play game of two plies, in which everything hangs on the sign between the players. The first player chooses a
 * trap (action 2), after which whatever the second does loses (-1 to the mover), or anything else, after which the
 * second wins with action 1 and loses with the others. A right learner sets the trap; one whose sign is flipped helps
 * the second player win. Action 4 is never legal. The board is 3x3; records have 16 bytes.
 */
final class TwoPlyGame {
    static final int ACTIONS = 5;
    static final int RECORD_BYTES = 16;
    static final int TRAP = 2;
    static final int WINNING_REPLY = 1;
    static final PlaneProgram PROGRAM = new PlaneProgram(
            3,
            3,
            RECORD_BYTES,
            8,
            List.of(
                    new PlaneProgram.Plane.BoardCode(1),
                    new PlaneProgram.Plane.BoardCode(2),
                    new PlaneProgram.Plane.BoardCode(3),
                    new PlaneProgram.Plane.Constant(9, 1, 0.25, 1)));

    /** Start, after the trap, after anything else. */
    enum Phase {
        START,
        TRAPPED,
        OPEN
    }

    private final Phase[] phases;
    private final MemorySegment packed;
    private final MemorySegment masks;
    final MemorySegment finalPacked;
    final float[] reward;
    final byte[] terminated;
    final byte[] truncated;

    TwoPlyGame(int games) {
        phases = new Phase[games];
        Arrays.fill(phases, Phase.START);
        packed = MemorySegment.ofArray(new byte[games * RECORD_BYTES]);
        finalPacked = MemorySegment.ofArray(new byte[games * RECORD_BYTES]);
        masks = MemorySegment.ofArray(new int[games]);
        reward = new float[games];
        terminated = new byte[games];
        truncated = new byte[games];
    }

    MemorySegment packed() {
        for (int game = 0; game < phases.length; game++) {
            write(packed, game, phases[game]);
        }
        return packed;
    }

    MemorySegment masks() {
        for (int game = 0; game < phases.length; game++) {
            masks.setAtIndex(ValueLayout.JAVA_INT, game, 0b01111);
        }
        return masks;
    }

    Phase phase(int game) {
        return phases[game];
    }

    /** Plays one action a game; with {@code cut}, games are cut off after the first ply instead of going on. */
    void step(int[] actions, Random cut, double cutShare) {
        for (int game = 0; game < phases.length; game++) {
            reward[game] = 0;
            terminated[game] = 0;
            truncated[game] = 0;
            switch (phases[game]) {
                case START -> {
                    phases[game] = actions[game] == TRAP ? Phase.TRAPPED : Phase.OPEN;
                    if (cut.nextDouble() < cutShare) {
                        write(finalPacked, game, phases[game]);
                        truncated[game] = 1;
                        phases[game] = Phase.START;
                    }
                }
                case TRAPPED -> end(game, -1);
                case OPEN -> end(game, actions[game] == WINNING_REPLY ? 1 : -1);
            }
        }
    }

    private void end(int game, float moverReward) {
        reward[game] = moverReward;
        terminated[game] = 1;
        phases[game] = Phase.START;
    }

    static void write(MemorySegment records, int row, Phase phase) {
        records.asSlice((long) row * RECORD_BYTES, RECORD_BYTES).fill((byte) 0);
        records.set(
                ValueLayout.JAVA_BYTE, (long) row * RECORD_BYTES + 4L * phase.ordinal(), (byte) (phase.ordinal() + 1));
        records.set(ValueLayout.JAVA_BYTE, (long) row * RECORD_BYTES + 9, (byte) phase.ordinal());
    }

    /** Records of all phases in turn. */
    static MemorySegment everyPhase(int count) {
        MemorySegment records = MemorySegment.ofArray(new byte[count * RECORD_BYTES]);
        for (int row = 0; row < count; row++) {
            write(records, row, Phase.values()[row % 3]);
        }
        return records;
    }
}
