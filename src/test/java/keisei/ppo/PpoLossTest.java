package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.reference.ReferenceDevice;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Laws of the PPO loss that hold whatever the numbers are. */
class PpoLossTest {
    private static final int ROWS = 12;
    private static final int ACTIONS = 37;
    private static final int WORDS = 2;
    private static final PpoLossSettings PLAIN = new PpoLossSettings(.2, .5, .01, false);
    private static final PpoLossSettings CLIPPED = new PpoLossSettings(.2, .5, .01, true);
    private static final PpoLossSettings POLICY_ONLY = new PpoLossSettings(.2, 0, 0, false);

    static Stream<Device> devices() {
        return TestDevices.all();
    }

    static Stream<Device> float64Devices() {
        return TestDevices.float64();
    }

    @ParameterizedTest
    @MethodSource("devices")
    void atRatio1ThePolicyLossIsMinusTheMeanAdvantageAndKlIs0(Device device) {
        try (Operands operands = new Operands(device, 1)) {
            operands.takeOldLogProbabilitiesFromLogits();
            double[] metrics = operands.run(PLAIN);

            double mean = Arrays.stream(operands.advantage).average().orElseThrow();
            assertThat(metrics[PpoLossKernels.POLICY_LOSS] / ROWS).isCloseTo(-mean, within(1e-5));
            assertThat(metrics[PpoLossKernels.KL_PLAIN]).isCloseTo(0, within(1e-5));
            assertThat(metrics[PpoLossKernels.KL_LOW_VARIANCE]).isCloseTo(0, within(1e-5));
            assertThat(metrics[PpoLossKernels.MAX_RATIO_DEVIATION]).isCloseTo(0, within(1e-5));
            assertThat(metrics[PpoLossKernels.CLIPPED]).isZero();
            assertThat(metrics[PpoLossKernels.ROWS]).isEqualTo(ROWS);
        }
    }

    @ParameterizedTest
    @MethodSource("float64Devices")
    void gradientsAreTheSlopesOfTheLoss(Device device) {
        for (PpoLossSettings settings : new PpoLossSettings[] {PLAIN, CLIPPED, POLICY_ONLY}) {
            try (Operands operands = new Operands(device, 2)) {
                operands.run(settings);
                double[] dLogits = Host.doubles(operands.dLogits.all());
                double[] dValue = Host.doubles(operands.dValue.all());
                for (int i = 0; i < dLogits.length; i++) {
                    assertThat(dLogits[i]).isCloseTo(operands.slope(operands.logit, i, settings), within(1e-7));
                }
                for (int i = 0; i < ROWS; i++) {
                    assertThat(dValue[i]).isCloseTo(operands.slope(operands.value, i, settings), within(1e-7));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void everyDeviceGivesTheGradientsOfTheFloat64One(Device device) {
        for (PpoLossSettings settings : new PpoLossSettings[] {PLAIN, CLIPPED, POLICY_ONLY}) {
            try (Device reference = new ReferenceDevice();
                    Operands operands = new Operands(device, 8);
                    Operands exact = new Operands(reference, 8)) {
                double[] metrics = operands.run(settings);
                double[] exactMetrics = exact.run(settings);

                assertThat(metrics).containsExactly(exactMetrics, within(2e-4));
                assertThat(Host.doubles(operands.dLogits.all()))
                        .containsExactly(Host.doubles(exact.dLogits.all()), within(1e-6));
                assertThat(Host.doubles(operands.dValue.all()))
                        .containsExactly(Host.doubles(exact.dValue.all()), within(1e-6));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aConstantAddedToTheLogitsChangesNothingSoGradientsOfARowSumTo0(Device device) {
        try (Operands operands = new Operands(device, 3)) {
            operands.run(PLAIN);
            double[] dLogits = Host.doubles(operands.dLogits.all());
            for (int row = 0; row < ROWS; row++) {
                double sum = 0;
                for (int action = 0; action < ACTIONS; action++) {
                    sum += dLogits[row * ACTIONS + action];
                    if (!operands.isLegal(row, action)) {
                        assertThat(dLogits[row * ACTIONS + action]).isZero();
                    }
                }
                assertThat(sum).isCloseTo(0, within(1e-6));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aStepAgainstTheGradientFavoursActionsOfPositiveAdvantage(Device device) {
        try (Operands operands = new Operands(device, 5)) {
            operands.takeOldLogProbabilitiesFromLogits();
            operands.run(POLICY_ONLY);
            double[] dLogits = Host.doubles(operands.dLogits.all());
            for (int row = 0; row < ROWS; row++) {
                double atAction = dLogits[row * ACTIONS + operands.action[row]];
                assertThat(Math.signum(-atAction)).isEqualTo(Math.signum(operands.advantage[row]));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void beyondTheClipRangeInTheGoodDirectionThereIsNoPolicyGradient(Device device) {
        try (Operands operands = new Operands(device, 6)) {
            operands.takeOldLogProbabilitiesFromLogits();
            for (int row = 0; row < ROWS; row++) {
                // Ratio 1.5 with positive, ratio 1/1.5 with negative advantages.
                operands.oldLogProbability[row] -= Math.signum(operands.advantage[row]) * Math.log(1.5);
            }
            double[] metrics = operands.run(POLICY_ONLY);

            assertThat(metrics[PpoLossKernels.CLIPPED]).isEqualTo(ROWS);
            assertThat(Arrays.stream(Host.doubles(operands.dLogits.all()))).allMatch(slope -> slope == 0);
        }
    }

    /** Random operands on host and device. */
    private static final class Operands implements AutoCloseable {
        private final Device device;
        private final double[] logit = new double[ROWS * ACTIONS];
        private final int[] mask = new int[ROWS * WORDS];
        private final int[] action = new int[ROWS];
        private final double[] oldLogProbability = new double[ROWS];
        private final double[] advantage = new double[ROWS];
        private final double[] value = new double[ROWS];
        private final double[] oldValue = new double[ROWS];
        private final double[] returns = new double[ROWS];
        private final DeviceAllocations memory;
        private final DeviceBuffer dLogits;
        private final DeviceBuffer dValue;
        private final DeviceBuffer metrics;
        private final DeviceBuffer[] reals = new DeviceBuffer[6];
        private final DeviceBuffer deviceMask;
        private final DeviceBuffer deviceAction;

        Operands(Device device, long seed) {
            this.device = device;
            Random random = new Random(seed);
            for (int i = 0; i < logit.length; i++) {
                logit[i] = (float) random.nextGaussian();
            }
            for (int row = 0; row < ROWS; row++) {
                mask[row * WORDS] = random.nextInt() | 1;
                mask[row * WORDS + 1] = random.nextInt() & 0x1f;
                do {
                    action[row] = random.nextInt(ACTIONS);
                } while (!isLegal(row, action[row]));
                oldLogProbability[row] = (float) (logProbability(row) + .3 * random.nextGaussian());
                advantage[row] = (float) (random.nextGaussian() + (random.nextBoolean() ? 1e-2 : -1e-2));
                value[row] = (float) random.nextGaussian();
                oldValue[row] = (float) (value[row] + .5 * random.nextGaussian());
                returns[row] = (float) random.nextGaussian();
            }
            memory = new DeviceAllocations(device, "loss test");
            DType real = device.realType();
            dLogits = memory.allocate(real, ROWS, ACTIONS, "dLogits");
            dValue = memory.allocate(real, ROWS, 1, "dValue");
            metrics = memory.allocate(real, PpoLossKernels.METRICS, 1, "metrics");
            for (int i = 0; i < reals.length; i++) {
                reals[i] = memory.allocate(real, ROWS, i == 0 ? ACTIONS : 1, "operand");
            }
            deviceMask = memory.allocate(DType.I32, ROWS, WORDS, "mask");
            deviceAction = memory.allocate(DType.I32, ROWS, 1, "action");
            write(deviceMask, mask);
            write(deviceAction, action);
        }

        boolean isLegal(int row, int candidate) {
            return (mask[row * WORDS + candidate / 32] >>> (candidate % 32) & 1) != 0;
        }

        void takeOldLogProbabilitiesFromLogits() {
            for (int row = 0; row < ROWS; row++) {
                oldLogProbability[row] = logProbability(row);
            }
        }

        private double logProbability(int row) {
            double sum = 0;
            for (int candidate = 0; candidate < ACTIONS; candidate++) {
                if (isLegal(row, candidate)) {
                    sum += Math.exp(logit[row * ACTIONS + candidate]);
                }
            }
            return logit[row * ACTIONS + action[row]] - Math.log(sum);
        }

        double[] run(PpoLossSettings settings) {
            double[][] host = {logit, oldLogProbability, advantage, value, oldValue, returns};
            for (int i = 0; i < host.length; i++) {
                Host.write(reals[i].all(), host[i]);
            }
            device.elementwise().fill(metrics.all(), 0);
            device.ppoLoss()
                    .lossAndGradient(
                            ROWS,
                            ACTIONS,
                            settings,
                            reals[0].all(),
                            deviceMask.all(),
                            deviceAction.all(),
                            reals[1].all(),
                            reals[2].all(),
                            reals[3].all(),
                            reals[4].all(),
                            reals[5].all(),
                            null,
                            dLogits.all(),
                            dValue.all(),
                            metrics.all());
            return Host.doubles(metrics.all());
        }

        /** Central difference of the loss. */
        double slope(double[] operand, int index, PpoLossSettings settings) {
            double h = 1e-6;
            double kept = operand[index];
            operand[index] = kept + h;
            double above = loss(run(settings), settings);
            operand[index] = kept - h;
            double below = loss(run(settings), settings);
            operand[index] = kept;
            return (above - below) / (2 * h);
        }

        private static double loss(double[] metrics, PpoLossSettings settings) {
            return (metrics[PpoLossKernels.POLICY_LOSS]
                            + settings.valueCoefficient() * metrics[PpoLossKernels.VALUE_LOSS]
                            - settings.entropyCoefficient() * metrics[PpoLossKernels.ENTROPY])
                    / ROWS;
        }

        private void write(DeviceBuffer buffer, int[] values) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host = arena.allocateFrom(ValueLayout.JAVA_INT, values);
                device.write(buffer.all(), host);
            }
        }

        @Override
        public void close() {
            memory.close();
        }
    }
}
