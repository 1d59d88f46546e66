package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import keisei.device.DType;
import keisei.device.Device;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Generalised advantage estimation as the experience buffer does it, on every device. */
class AdvantageTest {
    static Stream<Device> devices() {
        return TestDevices.all();
    }

    /** One rollout's numbers, {@code [T, N]} but {@code last [N]}. */
    private record Rollout(
            int steps,
            int games,
            double[] reward,
            double[] value,
            double[] last,
            double[] finalValue,
            byte[] terminated,
            byte[] truncated) {}

    @ParameterizedTest
    @MethodSource("devices")
    void goldenCasesOfOneAgent(Device device) {
        checkGolden(device, "gae", 1, "done");
    }

    @ParameterizedTest
    @MethodSource("devices")
    void goldenCasesOfAlternatingPlayers(Device device) {
        checkGolden(device, "gae_alternating", PpoAgent.SELF_PLAY_SIGN, "done");
    }

    @ParameterizedTest
    @MethodSource("devices")
    void goldenCasesOfTruncation(Device device) {
        checkGolden(device, "gae_truncation", 1, "terminated");
    }

    @ParameterizedTest
    @MethodSource("devices")
    void vectorsWorkedOutByHand(Device device) {
        check(device, 1, flat(new double[] {1, 2}, new double[] {.5, .5}, 0), 2.40575, 1.5);
        check(device, 1, flat(new double[] {1, 2}, new double[] {.5, .5}, 0, 0), .5, 1.5);
        double[] win = {0, 0, 0, 1};
        double[] values = {.1, -.2, .3, .4};
        check(device, -1, flat(win, values, 0, 3), -0.925558, 1.088312, -1.2603, 0.6);
        check(device, 1, flat(win, values, 0, 3), 0.75349, 1.118012, 0.6603, 0.6);
        check(device, -1, flat(new double[3], new double[] {.1, -.2, .3}, .5), -0.513981, 0.650697, -0.795);
    }

    @ParameterizedTest
    @MethodSource("devices")
    void randomFlagsAgreeWithForwardSumsForBothSigns(Device device) {
        Random random = new Random(11);
        for (int trial = 0; trial < 20; trial++) {
            int steps = 1 + random.nextInt(20);
            int games = 1 + random.nextInt(9);
            Rollout rollout = random(random, steps, games);
            for (double sign : new double[] {1, -1}) {
                double[] expected = BruteForceAdvantages.advantages(
                        steps,
                        games,
                        .97,
                        .9,
                        sign,
                        rollout.reward,
                        rollout.value,
                        rollout.last,
                        rollout.finalValue,
                        rollout.terminated,
                        rollout.truncated);
                double tolerance = device.realType() == DType.F64 ? 1e-12 : 2e-5;
                assertThat(advantages(device, rollout, steps, .97, .9, sign))
                        .containsExactly(expected, within(tolerance));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aPartlyFilledBufferUsesItsFilledStepsOnly(Device device) {
        Rollout rollout = random(new Random(5), 7, 3);

        double[] roomy = advantages(device, rollout, 20, .99, .95, -1);

        assertThat(roomy).containsExactly(advantages(device, rollout, 7, .99, .95, -1));
    }

    @ParameterizedTest
    @MethodSource("devices")
    void normalisationGivesMeanZeroAndUnbiasedDeviationOne(Device device) {
        try (ExperienceBuffer buffer = filled(device, random(new Random(5), 7, 3), 7)) {
            buffer.computeAdvantagesAndReturns(.99, .95, -1);
            double[] returns = Host.doubles(buffer.returns());
            buffer.normalizeAdvantages();
            double[] normalized = Host.doubles(buffer.advantages());

            double sum = 0;
            double squares = 0;
            for (double a : normalized) {
                sum += a;
                squares += a * a;
            }
            assertThat(sum / normalized.length).isCloseTo(0, within(1e-6));
            assertThat(squares / (normalized.length - 1)).isCloseTo(1, within(1e-5));
            assertThat(Host.doubles(buffer.returns())).containsExactly(returns);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aSingleRowIsNotNormalised(Device device) {
        try (ExperienceBuffer buffer = filled(device, random(new Random(5), 1, 1), 4)) {
            buffer.computeAdvantagesAndReturns(.99, .95, -1);
            double[] before = Host.doubles(buffer.advantages());
            buffer.normalizeAdvantages();

            assertThat(before[0]).isNotZero().isFinite();
            assertThat(Host.doubles(buffer.advantages())).containsExactly(before);
        }
    }

    private static void checkGolden(Device device, String name, double sign, String terminated) {
        String at = "/golden/" + name + "/in.";
        double[] reward = Npy.read(at + "reward.npy");
        double[] value = Npy.read(at + "value.npy");
        double[] last = Npy.read(at + "last_value.npy");
        byte[] ends = bytes(Npy.read(at + terminated + ".npy"));
        boolean truncating = name.endsWith("truncation");
        byte[] cuts = truncating ? bytes(Npy.read(at + "truncated.npy")) : new byte[reward.length];
        double[] finals = truncating ? Npy.read(at + "final_value.npy") : new double[reward.length];
        Rollout rollout =
                new Rollout(reward.length / last.length, last.length, reward, value, last, finals, ends, cuts);
        double tolerance = device.realType() == DType.F64 ? 1e-12 : 1e-5;
        try (ExperienceBuffer buffer = filled(device, rollout, rollout.steps)) {
            buffer.computeAdvantagesAndReturns(.99, .95, sign);
            assertThat(Host.doubles(buffer.advantages()))
                    .containsExactly(Npy.read("/golden/" + name + "/out.adv.f64.npy"), within(tolerance));
            assertThat(Host.doubles(buffer.returns()))
                    .containsExactly(Npy.read("/golden/" + name + "/out.ret.f64.npy"), within(tolerance));
        }
    }

    private static void check(Device device, double sign, Rollout rollout, double... expected) {
        assertThat(advantages(device, rollout, rollout.steps, .99, .95, sign)).containsExactly(expected, within(6e-7));
    }

    private static Rollout flat(double[] reward, double[] value, double last, int... ends) {
        byte[] terminated = new byte[reward.length];
        for (int end : ends) {
            terminated[end] = 1;
        }
        int steps = reward.length;
        return new Rollout(
                steps, 1, reward, value, new double[] {last}, new double[steps], terminated, new byte[steps]);
    }

    private static Rollout random(Random random, int steps, int games) {
        int rows = steps * games;
        byte[] terminated = new byte[rows];
        byte[] truncated = new byte[rows];
        float[] reward = new float[rows];
        for (int i = 0; i < rows; i++) {
            terminated[i] = (byte) (random.nextInt(5) == 0 ? 1 : 0);
            truncated[i] = (byte) (random.nextInt(5) == 0 ? 1 : 0);
            reward[i] = random.nextFloat() * 2 - 1;
        }
        return new Rollout(
                steps,
                games,
                toDoubles(reward),
                gaussians(random, rows),
                gaussians(random, games),
                gaussians(random, rows),
                terminated,
                truncated);
    }

    private static double[] toDoubles(float[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = values[i];
        }
        return result;
    }

    private static double[] gaussians(Random random, int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static byte[] bytes(double[] values) {
        byte[] result = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (byte) values[i];
        }
        return result;
    }

    private static double[] advantages(
            Device device, Rollout rollout, int capacity, double gamma, double lambda, double sign) {
        try (ExperienceBuffer buffer = filled(device, rollout, capacity)) {
            buffer.computeAdvantagesAndReturns(gamma, lambda, sign);
            return Host.doubles(buffer.advantages());
        }
    }

    private static ExperienceBuffer filled(Device device, Rollout rollout, int capacity) {
        int games = rollout.games;
        ExperienceBuffer buffer = new ExperienceBuffer(device, capacity, games, 4, 5);
        for (int t = 0; t < rollout.steps; t++) {
            ExperienceBuffer.StepSlices step = buffer.beginStep(
                    0, MemorySegment.ofArray(new byte[4 * games]), MemorySegment.ofArray(new byte[4 * games]));
            Host.write(step.values(), slice(rollout.value, t, games));
            Host.write(step.finalValues(), slice(rollout.finalValue, t, games));
            float[] reward = new float[games];
            byte[] terminated = new byte[games];
            byte[] truncated = new byte[games];
            for (int game = 0; game < games; game++) {
                reward[game] = (float) rollout.reward[t * games + game];
                terminated[game] = rollout.terminated[t * games + game];
                truncated[game] = rollout.truncated[t * games + game];
            }
            buffer.completeStep(0, reward, terminated, truncated);
        }
        Host.write(buffer.finish(), rollout.last);
        return buffer;
    }

    private static double[] slice(double[] values, int t, int games) {
        return Arrays.copyOfRange(values, t * games, (t + 1) * games);
    }
}
