package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import keisei.device.DType;
import keisei.device.Device;
import keisei.nn.Normalization;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PpoAgentTest {
    private static final double SELF_PLAY = PpoAgent.SELF_PLAY_SIGN;

    static Stream<Device> devices() {
        return TestDevices.all();
    }

    @ParameterizedTest
    @MethodSource("devices")
    void selfPlayLearnsToSetTheTrap(Device device) {
        try (Learner learner = learner(device, 4, SELF_PLAY, 8, 32)) {
            for (int i = 0; i < 60; i++) {
                learner.iteration();
            }
            assertThat(learner.greedy(TwoPlyGame.Phase.START)).isEqualTo(TwoPlyGame.TRAP);
            assertThat(learner.greedy(TwoPlyGame.Phase.OPEN)).isEqualTo(TwoPlyGame.WINNING_REPLY);
            assertThat(learner.value(TwoPlyGame.Phase.TRAPPED)).isLessThan(-0.7);
            assertThat(learner.value(TwoPlyGame.Phase.START)).isGreaterThan(0.5);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void withTheOtherSignThePlayersCooperate(Device device) {
        try (Learner learner = learner(device, 4, 1, 8, 32)) {
            for (int i = 0; i < 60; i++) {
                learner.iteration();
            }
            // Proof that the test above has teeth: the sign alone decides.
            assertThat(learner.greedy(TwoPlyGame.Phase.START)).isNotEqualTo(TwoPlyGame.TRAP);
            assertThat(learner.greedy(TwoPlyGame.Phase.OPEN)).isEqualTo(TwoPlyGame.WINNING_REPLY);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void theFirstMinibatchHasRatio1InRunningMode(Device device) {
        try (Learner learner = learner(device, 2, SELF_PLAY, 5, 7)) {
            double tolerance = device.realType() == DType.F64 ? 1e-12 : 1e-5;
            for (int i = 0; i < 3; i++) {
                PpoMetrics metrics = learner.iteration();
                assertThat(metrics.firstRatioDeviation()).isLessThan(tolerance);
                assertThat(metrics.firstKl()).isCloseTo(0, within(tolerance));
                assertThat(metrics.klLowVariance()).isPositive();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void batchModeTrainsWithTheMinibatchsOwnStatistics(Device device) {
        PpoSettings settings = Learner.settings(2, 16, 0, Normalization.BATCH);
        try (Learner learner = new Learner(device, settings, SELF_PLAY, 5, 7, 0)) {
            PpoMetrics metrics = learner.iteration();

            assertThat(metrics.firstRatioDeviation()).isGreaterThan(1e-4);
            assertThat(metrics.asMap().values())
                    .allSatisfy(value -> assertThat(value).isFinite());
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void metricsCountWhatWasDone(Device device) {
        try (Learner learner = learner(device, 3, SELF_PLAY, 5, 7)) {
            double[] before = Host.doubles(learner.model.parameters().values());
            PpoMetrics metrics = learner.iteration();

            // 35 rows in minibatches of 16: the third has 3 rows.
            assertThat(metrics.rows()).isEqualTo(35);
            assertThat(metrics.minibatches()).isEqualTo(9);
            assertThat(metrics.skippedSteps()).isZero();
            assertThat(metrics.stoppedEarly()).isFalse();
            assertThat(metrics.learningRate()).isEqualTo(Learner.LEARNING_RATE);
            assertThat(metrics.entropy()).isBetween(0.5, Math.log(4) + 1e-6);
            assertThat(metrics.explainedVariance()).isLessThanOrEqualTo(1);
            assertThat(metrics.gradientNorm()).isPositive();
            assertThat(metrics.asMap().values())
                    .allSatisfy(value -> assertThat(value).isFinite());
            assertThat(Host.doubles(learner.model.parameters().values())).isNotEqualTo(before);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void inOneMinibatchTheLossesFollowFromTheAdvantagesAlone(Device device) {
        PpoSettings settings =
                new PpoSettings(.99, .95, .2, .5, .01, 1, 64, false, false, 0, Normalization.RUNNING, .1);
        try (Learner learner = new Learner(device, settings, SELF_PLAY, 5, 7, 0)) {
            PpoMetrics metrics = learner.iteration();

            double[] advantages = Host.doubles(learner.buffer.advantages());
            double mean = Arrays.stream(advantages).average().orElseThrow();
            double meanSquare =
                    Arrays.stream(advantages).map(a -> a * a).average().orElseThrow();
            assertThat(Math.abs(mean)).isGreaterThan(1e-3);
            assertThat(metrics.policyLoss()).isCloseTo(-mean, within(1e-5));
            assertThat(metrics.valueLoss()).isCloseTo(meanSquare, within(1e-5));
            assertThat(metrics.minibatches()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void theSameSeedsGiveTheSameUpdateBitForBit(Device device) {
        double[] first = parametersAfter(device, 3);
        assertThat(parametersAfter(device, 3)).containsExactly(first);
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aSmallKlLimitStopsTheUpdateBeforeTheStepThatExceedsIt(Device device) {
        PpoSettings settings = Learner.settings(10, 16, 1e-7, Normalization.RUNNING);
        try (Learner learner = new Learner(device, settings, SELF_PLAY, 5, 7, 0)) {
            PpoMetrics metrics = learner.iteration();

            assertThat(metrics.stoppedEarly()).isTrue();
            assertThat(metrics.minibatches()).isBetween(1, 5);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aPartlyFilledBufferIsLearntFrom(Device device) {
        try (Learner learner = learner(device, 2, SELF_PLAY, 50, 3)) {
            learner.rollout(4);

            assertThat(learner.agent.update(learner.buffer).rows()).isEqualTo(12);
            assertThat(learner.buffer.isFull()).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aSingleRowGivesAFiniteUpdate(Device device) {
        try (Learner learner = learner(device, 2, SELF_PLAY, 1, 1)) {
            PpoMetrics metrics = learner.iteration();

            assertThat(metrics.rows()).isEqualTo(1);
            assertThat(metrics.policyLoss()).isFinite();
            assertThat(metrics.explainedVariance()).isNaN();
            assertThat(Host.doubles(learner.model.parameters().values())).doesNotContain(Double.NaN);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void truncatedGamesBootstrapFromThePositionBeforeTheResetWithTheSign(Device device) {
        PpoSettings settings = Learner.settings(1, 64, 0, Normalization.RUNNING);
        try (Learner learner = new Learner(device, settings, SELF_PLAY, 6, 10, 0.5)) {
            learner.buffer.clear();
            int steps = 6;
            int games = 10;
            double[] reward = new double[steps * games];
            byte[] terminated = new byte[steps * games];
            byte[] truncated = new byte[steps * games];
            double[] finals = new double[steps * games];
            Random cut = new Random(3);
            int cuts = 0;
            for (int t = 0; t < steps; t++) {
                learner.agent.act(learner.buffer, learner.game.packed(), learner.game.masks(), learner.actions);
                int[] played = learner.actions.clone();
                learner.game.step(played, cut, 0.5);
                for (int game = 0; game < games; game++) {
                    int row = t * games + game;
                    reward[row] = learner.game.reward[game];
                    terminated[row] = learner.game.terminated[game];
                    truncated[row] = learner.game.truncated[game];
                    if (truncated[row] != 0) {
                        cuts++;
                        finals[row] = learner.value(
                                played[game] == TwoPlyGame.TRAP ? TwoPlyGame.Phase.TRAPPED : TwoPlyGame.Phase.OPEN);
                    }
                }
                learner.agent.record(
                        learner.buffer,
                        learner.game.reward,
                        learner.game.terminated,
                        learner.game.truncated,
                        learner.game.finalPacked);
            }
            learner.agent.finishRollout(learner.buffer, learner.game.packed());
            double[] last = new double[games];
            for (int game = 0; game < games; game++) {
                last[game] = learner.value(learner.game.phase(game));
            }
            double[] values = Host.doubles(learner.buffer.values());
            learner.agent.update(learner.buffer);

            double[] expected = BruteForceAdvantages.advantages(
                    steps, games, .99, .95, SELF_PLAY, reward, values, last, finals, terminated, truncated);
            double[] returns = Host.doubles(learner.buffer.returns());
            assertThat(cuts).isGreaterThan(10);
            for (int row = 0; row < returns.length; row++) {
                assertThat(returns[row]).isCloseTo(expected[row] + values[row], within(1e-5));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void sampledActionsAreLegalAndTheirLogProbabilitiesNegative(Device device) {
        try (Learner learner = learner(device, 1, SELF_PLAY, 10, 16)) {
            learner.rollout(10);

            assertThat(Arrays.stream(Host.doubles(learner.buffer.actions())))
                    .allMatch(action -> action >= 0 && action < 4);
            assertThat(Arrays.stream(Host.doubles(learner.buffer.logProbabilities())))
                    .allMatch(logp -> logp < 0 && logp > -10);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void callsOutOfOrderAreRefused(Device device) {
        try (Learner learner = learner(device, 1, SELF_PLAY, 1, 2)) {
            PpoAgent agent = learner.agent;
            ExperienceBuffer buffer = learner.buffer;
            TwoPlyGame game = learner.game;
            assertThatThrownBy(() -> agent.update(buffer))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is empty");
            assertThatThrownBy(() -> agent.finishRollout(buffer, game.packed())).hasMessageContaining("is empty");
            assertThatThrownBy(
                            () -> agent.record(buffer, game.reward, game.terminated, game.truncated, game.finalPacked))
                    .hasMessageContaining("call PpoAgent.act first");

            agent.act(buffer, game.packed(), game.masks(), learner.actions);
            assertThatThrownBy(() -> agent.act(buffer, game.packed(), game.masks(), learner.actions))
                    .hasMessageContaining("call PpoAgent.record first");
            agent.record(buffer, game.reward, game.terminated, game.truncated, game.finalPacked);
            assertThatThrownBy(() -> agent.act(buffer, game.packed(), game.masks(), learner.actions))
                    .hasMessageContaining("full (1 of 1 steps)");
            assertThatThrownBy(() -> agent.update(buffer)).hasMessageContaining("call PpoAgent.finishRollout first");

            agent.finishRollout(buffer, game.packed());
            agent.update(buffer);
            assertThatThrownBy(() -> agent.act(buffer, game.packed(), game.masks(), learner.actions))
                    .hasMessageContaining("call clear() first");
            buffer.clear();
            agent.act(buffer, game.packed(), game.masks(), learner.actions);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void memoryOfTheWrongSizeIsRefusedWithBothSizes(Device device) {
        try (Learner learner = learner(device, 1, SELF_PLAY, 1, 2)) {
            MemorySegment small = MemorySegment.ofArray(new byte[31]);
            assertThatThrownBy(() -> learner.agent.act(learner.buffer, small, learner.game.masks(), learner.actions))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("31 bytes, expected at least 32");
            assertThatThrownBy(() ->
                            learner.agent.act(learner.buffer, learner.game.packed(), learner.game.masks(), new int[1]))
                    .hasMessageContaining("room for 1 actions, expected at least 2");
            try (ExperienceBuffer other = new ExperienceBuffer(device, 1, 2, 17, TwoPlyGame.ACTIONS)) {
                assertThatThrownBy(() -> learner.agent.update(other))
                        .hasMessageContaining("records of 17 bytes")
                        .hasMessageContaining("needs 16");
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void anUpdateInSteadyStateAllocatesNoDeviceMemory(Device device) {
        try (Learner learner = learner(device, 2, SELF_PLAY, 5, 7)) {
            learner.iteration();
            long before = device.memory().totalBytes();
            long peak = device.memory().peakBytes();
            learner.iteration();

            assertThat(device.memory().totalBytes()).isEqualTo(before);
            assertThat(device.memory().peakBytes()).isEqualTo(peak);
            assertThat(device.memory().bytesByOwner().get(ExperienceBuffer.OWNER))
                    .isEqualTo(learner.buffer.bytes());
        }
    }

    private static Learner learner(Device device, int epochs, double sign, int steps, int games) {
        return new Learner(device, Learner.settings(epochs, 16, 0, Normalization.RUNNING), sign, steps, games, 0);
    }

    private static double[] parametersAfter(Device device, int iterations) {
        try (Learner learner = learner(device, 2, SELF_PLAY, 5, 7)) {
            for (int i = 0; i < iterations; i++) {
                learner.iteration();
            }
            return Host.doubles(learner.model.parameters().values());
        }
    }
}
