package keisei.ppo;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import keisei.device.Device;
import keisei.device.Readback;

/** A range of an {@link ExperienceBuffer}'s games, and how far its steps are. */
final class RolloutPart implements AutoCloseable {
    private final int from;
    private final int to;
    private final ExperienceBuffer.StepSlices[] slices;
    private final Readback actions;
    private int completed;
    private boolean open;

    /** Games {@code from} to {@code to} of a memory of {@code steps}, which stays the caller's. */
    RolloutPart(Device device, RolloutMemory memory, int steps, int from, int to) {
        this.from = from;
        this.to = to;
        slices = new ExperienceBuffer.StepSlices[steps];
        for (int t = 0; t < steps; t++) {
            slices[t] = memory.step(t, from, to);
        }
        actions = device.newReadback((long) (to - from) * Integer.BYTES);
    }

    /** First game. */
    int from() {
        return from;
    }

    /** The game after the last. */
    int to() {
        return to;
    }

    int games() {
        return to - from;
    }

    /** Completed steps; the index of the step that is open or opens next. */
    int completed() {
        return completed;
    }

    boolean isOpen() {
        return open;
    }

    boolean isFull() {
        return completed == slices.length;
    }

    /** The views of the step at {@link #completed()}. */
    ExperienceBuffer.StepSlices step() {
        return slices[completed];
    }

    void open() {
        open = true;
    }

    void complete() {
        open = false;
        completed++;
    }

    void clear() {
        open = false;
        completed = 0;
    }

    /** Lets the step's actions come to the host when the work so far is done. */
    void startReadingActions() {
        actions.start(step().actions());
    }

    /** Waits for them. @param actionsOut {@code [N]}, of which those of this part are written */
    void awaitActions(int[] actionsOut) {
        MemorySegment.copy(actions.await(), ValueLayout.JAVA_INT, 0, actionsOut, from, to - from);
    }

    @Override
    public void close() {
        actions.close();
    }
}
