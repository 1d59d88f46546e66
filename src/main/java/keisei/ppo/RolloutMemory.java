package keisei.ppo;

import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;

/** The arrays of an {@link ExperienceBuffer} in device memory, {@code [T, N, ...]}; owns them. */
final class RolloutMemory implements AutoCloseable {
    private final int games;
    private final int recordBytes;
    private final int maskWords;
    private final DeviceAllocations memory;
    final DeviceBuffer packed;
    final DeviceBuffer masks;
    final DeviceBuffer actions;
    final DeviceBuffer logProbabilities;
    final DeviceBuffer values;
    final DeviceBuffer rewards;
    final DeviceBuffer finalValues;
    final DeviceBuffer terminated;
    final DeviceBuffer truncated;
    final DeviceBuffer advantages;
    final DeviceBuffer returns;
    final DeviceBuffer lastValue;

    RolloutMemory(Device device, String owner, int steps, int games, int recordBytes, int maskWords) {
        this.games = games;
        this.recordBytes = recordBytes;
        this.maskWords = maskWords;
        memory = new DeviceAllocations(device, owner);
        long rows = (long) steps * games;
        DType real = device.realType();
        packed = memory.allocate(DType.U8, rows, recordBytes, "packed positions");
        masks = memory.allocate(DType.I32, rows, maskWords, "legal-move masks");
        actions = memory.allocate(DType.I32, rows, 1, "actions");
        logProbabilities = memory.allocate(real, rows, 1, "log-probabilities");
        values = memory.allocate(real, rows, 1, "values");
        rewards = memory.allocate(real, rows, 1, "rewards");
        finalValues = memory.allocate(real, rows, 1, "final values");
        terminated = memory.allocate(DType.U8, rows, 1, "terminated flags");
        truncated = memory.allocate(DType.U8, rows, 1, "truncated flags");
        advantages = memory.allocate(real, rows, 1, "advantages");
        returns = memory.allocate(real, rows, 1, "returns");
        lastValue = memory.allocate(real, games, 1, "last values");
    }

    /** The views of step {@code t} of games {@code from} to {@code to}. */
    ExperienceBuffer.StepSlices step(int t, int from, int to) {
        return new ExperienceBuffer.StepSlices(
                step(packed, t, from, to, recordBytes),
                step(masks, t, from, to, maskWords),
                step(actions, t, from, to, 1),
                step(logProbabilities, t, from, to, 1),
                step(values, t, from, to, 1),
                step(finalValues, t, from, to, 1));
    }

    private Slice step(DeviceBuffer buffer, int t, int from, int to, int rowLength) {
        return buffer.all().range((t * games + from) * rowLength, (to - from) * rowLength);
    }

    /** Device memory held, in bytes. */
    long bytes() {
        return memory.bytes();
    }

    @Override
    public void close() {
        memory.close();
    }
}
