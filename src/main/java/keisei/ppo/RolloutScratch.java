package keisei.ppo;

import java.lang.foreign.MemorySegment;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PlaneProgram;
import keisei.device.Slice;
import keisei.nn.ActorCritic;

/** What {@link PpoAgent} needs in rollouts of one number of games in one number of parts. Owns it. */
final class RolloutScratch implements AutoCloseable {
    private final Device device;
    private final int games;
    private final int parts;
    private final int recordBytes;
    private final int batch;
    private final PolicyInference inference;
    private final DeviceAllocations memory;
    private final DeviceBuffer positions;
    private final DeviceBuffer values;

    RolloutScratch(ActorCritic model, PlaneProgram program, ExperienceBuffer buffer) {
        device = model.device();
        games = buffer.games();
        parts = buffer.parts();
        recordBytes = program.recordBytes();
        int largest = 0;
        for (int part = 0; part < parts; part++) {
            largest = Math.max(largest, buffer.games(part));
        }
        batch = largest;
        memory = new DeviceAllocations(device, "inference");
        int rows = Math.ceilDiv(games, batch) * batch;
        positions = memory.allocate(DType.U8, rows, recordBytes, "final positions");
        values = memory.allocate(device.realType(), rows, 1, "final values");
        try {
            inference = new PolicyInference(model, program, batch);
            for (int part = 0; part < parts; part++) {
                inference.prepare(buffer.games(part));
            }
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    boolean fits(ExperienceBuffer buffer) {
        return games == buffer.games() && parts == buffer.parts();
    }

    PolicyInference inference() {
        return inference;
    }

    /**
     * Keeps the positions of games of the part's open step that were cut off. Their values are asked for later: here
     * the device is at work for another part, and small batches at every step would cost more than one at the end.
     */
    void keepFinalPositions(
            ExperienceBuffer buffer, RolloutPart part, byte[] terminated, byte[] truncated, MemorySegment finalPacked) {
        RolloutOutcomes outcomes = buffer.outcomes();
        int count = 0;
        for (int game = part.from(); game < part.to(); game++) {
            if (isCutOff(game, terminated, truncated)) {
                count++;
            }
        }
        if (count == 0) {
            return;
        }
        if (finalPacked.byteSize() < (long) games * recordBytes) {
            throw new IllegalArgumentException("final positions have %d bytes, expected at least %d"
                    .formatted(finalPacked.byteSize(), (long) games * recordBytes));
        }
        if (!outcomes.hasRoomFor(count)) {
            evaluateFinalPositions(buffer);
        }
        for (int game = part.from(); game < part.to(); game++) {
            if (isCutOff(game, terminated, truncated)) {
                outcomes.keep(part.completed(), game, finalPacked);
            }
        }
    }

    private static boolean isCutOff(int game, byte[] terminated, byte[] truncated) {
        return truncated[game] != 0 && terminated[game] == 0;
    }

    /** Values of the positions that wait for them; waits for the device if there are any. */
    void evaluateFinalPositions(ExperienceBuffer buffer) {
        RolloutOutcomes outcomes = buffer.outcomes();
        int count = outcomes.waiting();
        if (count == 0) {
            return;
        }
        device.write(positions.all().range(0, count * recordBytes), outcomes.positions());
        for (int from = 0; from < count; from += batch) {
            // A device with a queue chooses algorithms for each batch size that it meets: it gets whole batches, the
            // last of them with rows that nobody reads.
            evaluate(from, device.overlaps() ? batch : Math.min(batch, count - from), values.all());
        }
        outcomes.takeFinalValues(values.all().range(0, count));
    }

    /** Values of positions {@code [N, recordBytes]} in host memory into device memory, part by part. */
    void evaluateAll(ExperienceBuffer buffer, MemorySegment packed, Slice found) {
        device.write(positions.all().range(0, games * recordBytes), packed);
        for (int part = 0; part < parts; part++) {
            evaluate(buffer.firstGame(part), buffer.games(part), found);
        }
    }

    private void evaluate(int from, int size, Slice found) {
        inference.valuesInto(
                size, positions.all().range(from * recordBytes, size * recordBytes), found.range(from, size));
    }

    @Override
    public void close() {
        inference.close();
        memory.close();
    }
}
