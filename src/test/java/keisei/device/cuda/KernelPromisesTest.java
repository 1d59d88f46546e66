package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.RecordedWork;
import keisei.device.Slice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What our kernels promise beyond the conformance suite. */
class KernelPromisesTest {
    private static final PpoLossSettings SETTINGS = new PpoLossSettings(0.2, 0.5, 0.01, true);

    @TempDir
    static Path cache;

    private final List<DeviceBuffer> buffers = new ArrayList<>();
    private CudaDevice device;

    @BeforeEach
    void open() {
        device =
                CudaDevice.open(SoftwareCuda.libraries(), CudaOptions.defaults().withCache(cache));
    }

    @AfterEach
    void close() {
        buffers.forEach(DeviceBuffer::close);
        device.close();
    }

    private Slice empty(DType dtype, int length) {
        DeviceBuffer buffer = device.allocate(dtype, length, "test");
        buffers.add(buffer);
        return buffer.all();
    }

    private Slice floats(float... values) {
        Slice slice = empty(DType.F32, values.length);
        device.write(slice, MemorySegment.ofArray(values));
        return slice;
    }

    private Slice ints(int... values) {
        Slice slice = empty(DType.I32, values.length);
        device.write(slice, MemorySegment.ofArray(values));
        return slice;
    }

    private Slice normal(int length, long seed) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return floats(values);
    }

    private float[] read(Slice slice) {
        float[] values = new float[slice.length()];
        device.read(slice, MemorySegment.ofArray(values));
        return values;
    }

    /** Up to 60 legal actions a row; the first row has none. */
    private Slice masks(int batch, int actions) {
        Random random = new Random(5);
        int words = Math.ceilDiv(actions, 32);
        int[] mask = new int[batch * words];
        for (int row = 1; row < batch; row++) {
            for (int i = 0; i < 60; i++) {
                int action = random.nextInt(actions);
                mask[row * words + action / 32] |= 1 << action % 32;
            }
        }
        return ints(mask);
    }

    @Test
    void whereNothingChangedTheFirstRatioIsExactlyOne() {
        int batch = 16;
        int actions = 700;
        Slice logits = normal(batch * actions, 1);
        Slice mask = masks(batch, actions);
        float[] draws = new float[batch];
        Random random = new Random(2);
        for (int i = 0; i < batch; i++) {
            draws[i] = random.nextFloat();
        }
        Slice action = empty(DType.I32, batch);
        Slice logProbability = empty(DType.F32, batch);
        device.policy().sample(batch, actions, logits, mask, floats(draws), action, logProbability);
        Slice metrics = empty(DType.F32, PpoLossKernels.METRICS);
        Slice value = normal(batch, 3);
        device.ppoLoss()
                .lossAndGradient(
                        batch,
                        actions,
                        SETTINGS,
                        logits,
                        mask,
                        action,
                        logProbability,
                        normal(batch, 4),
                        value,
                        value,
                        normal(batch, 5),
                        null,
                        empty(DType.F32, batch * actions),
                        empty(DType.F32, batch),
                        metrics);
        float[] sums = read(metrics);
        assertThat(sums[PpoLossKernels.MAX_RATIO_DEVIATION]).isZero();
        assertThat(sums[PpoLossKernels.KL_PLAIN]).isZero();
        assertThat(sums[PpoLossKernels.KL_LOW_VARIANCE]).isZero();
        assertThat(sums[PpoLossKernels.CLIPPED]).isZero();
        assertThat(sums[PpoLossKernels.ROWS]).isEqualTo(batch);
    }

    @Test
    void recordedWorkKeepsItsWorkspaceWhenLaterWorkNeedsMore() {
        Slice x = normal(400 * 8, 1);
        Slice mean = empty(DType.F32, 8);
        Slice variance = empty(DType.F32, 8);
        device.normalization().statistics(400, 8, x, mean, variance);
        float[] expected = read(mean);
        try (RecordedWork work =
                device.record("statistics", () -> device.normalization().statistics(400, 8, x, mean, variance))) {
            work.run();
            work.run();
            int large = 100_000;
            device.normalization().statistics(large, 8, normal(large * 8, 2), mean, variance);
            assertThat(read(mean)).isNotEqualTo(expected);
            work.run();
            assertThat(read(mean)).isEqualTo(expected);
        }
    }

    @Test
    void rowsOutsideTheSourceAreAllOnes() {
        Slice real = empty(DType.F32, 6);
        Slice index = ints(1, -1, 2);
        device.rollout().gatherRows(3, 2, floats(1, 2, 3, 4), index, real);
        assertThat(read(real)).containsExactly(3, 4, Float.NaN, Float.NaN, Float.NaN, Float.NaN);
        Slice whole = empty(DType.I32, 12);
        device.rollout().gatherRows(3, 4, ints(1, 2, 3, 4, 5, 6, 7, 8), index, whole);
        int[] numbers = new int[12];
        device.read(whole, MemorySegment.ofArray(numbers));
        assertThat(numbers).containsExactly(5, 6, 7, 8, -1, -1, -1, -1, -1, -1, -1, -1);
    }

    @Test
    void gradientsOfWeightsAreAddedWithoutTheirPadding() {
        short[] bits = new short[8];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToFloat16(i + 1);
        }
        Slice half = empty(DType.F16, bits.length);
        device.write(half, MemorySegment.ofArray(bits));
        Slice gradient = floats(10, 10, 10, 10, 10, 10);
        device.runtime()
                .modules()
                .kernel("weights", "weights_accumulate_f16")
                .integer(2)
                .integer(3)
                .integer(4)
                .slice(half)
                .slice(gradient)
                .launch(1, 1, LaunchShape.THREADS, 0);
        assertThat(read(gradient)).containsExactly(11, 12, 13, 15, 16, 17);
    }

    @Test
    void metricsKeepNaN() {
        Slice metrics = empty(DType.F32, PpoLossKernels.METRICS);
        Slice one = floats(0);
        device.ppoLoss()
                .lossAndGradient(
                        1,
                        2,
                        SETTINGS,
                        floats(Float.NaN, 1),
                        ints(3),
                        ints(1),
                        one,
                        one,
                        one,
                        one,
                        one,
                        null,
                        empty(DType.F32, 2),
                        empty(DType.F32, 1),
                        metrics);
        float[] sums = read(metrics);
        assertThat(sums[PpoLossKernels.POLICY_LOSS]).isNaN();
        assertThat(sums[PpoLossKernels.MAX_RATIO_DEVIATION]).isNaN();
        assertThat(sums[PpoLossKernels.VALUE_LOSS]).isZero();
    }

    @Test
    void logitsThatAreNotNumbersStillGiveALegalAction() {
        Slice action = ints(9, 9);
        Slice logits = floats(Float.NaN, Float.NaN, Float.NaN, 0, Float.NaN, 0);
        device.policy().sample(2, 3, logits, ints(6, 2), floats(0.5f, 0.5f), action, empty(DType.F32, 2));
        int[] chosen = new int[2];
        device.read(action, MemorySegment.ofArray(chosen));
        assertThat(chosen[0]).isBetween(1, 2);
        assertThat(chosen[1]).isEqualTo(1);
    }

    @Test
    void operandsThatDoNotFitAreRefusedWithBothSizes() {
        Slice small = empty(DType.F32, 7);
        Slice eight = empty(DType.F32, 8);
        Slice half = empty(DType.F16, 8);
        assertThatThrownBy(() -> device.normalization().statistics(4, 2, small, eight, eight))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("x: 7 elements of buffer 'test', and 8 are needed");
        assertThatThrownBy(() -> device.elementwise().add(eight, half, eight))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("b: buffer 'test' holds F16, and F32 is needed");
        assertThatThrownBy(() -> device.elementwise().add(eight, small, eight))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a has 8 elements and b has 7: they must be equal");
        assertThatThrownBy(() -> device.policy().greedy(2, 0, eight, eight, eight, eight))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("actions is 0 and must be at least 1");
    }

    @Test
    void kernelsAreRefusedAfterTheirBufferIsClosed() {
        DeviceBuffer gone = device.allocate(DType.F32, 4, "gone");
        Slice slice = gone.all();
        gone.close();
        assertThatThrownBy(() -> device.elementwise().fill(slice, 1))
                .hasMessageContaining("buffer 'gone' (4 F32) was used after it was closed");
    }
}
