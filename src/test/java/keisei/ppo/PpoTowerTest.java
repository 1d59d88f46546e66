package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import keisei.checkpoint.CheckpointData;
import keisei.checkpoint.CheckpointManifest;
import keisei.checkpoint.CheckpointStore;
import keisei.checkpoint.ModelState;
import keisei.checkpoint.OptimizerState;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.nn.Normalization;
import keisei.random.RandomStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/** The agent with the real residual tower, and with checkpoints. */
class PpoTowerTest {
    private static final int STEPS = 8;
    private static final int GAMES = 8;

    @TempDir
    Path directory = Path.of("");

    static Stream<Device> devices() {
        return TestDevices.all();
    }

    @ParameterizedTest
    @MethodSource("devices")
    void theFirstMinibatchOfEachUpdateHasRatio1(Device device) {
        try (Learner learner = learner(device, 5, Normalization.RUNNING)) {
            double tolerance = device.realType() == DType.F64 ? 1e-12 : 2e-5;
            for (int i = 0; i < 4; i++) {
                PpoMetrics metrics = learner.iteration();
                assertThat(metrics.firstRatioDeviation()).isLessThan(tolerance);
                assertThat(metrics.firstKl()).isCloseTo(0, within(tolerance));
                assertThat(metrics.skippedSteps()).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void runningModeKeepsStatisticsDuringTheUpdateAndBlendsThemAfterwards(Device device) {
        PpoSettings frozen = new PpoSettings(.99, .95, .2, .5, .01, 2, 16, true, false, 0, Normalization.RUNNING, 0);
        try (Learner learner = new Learner(TestDevices.tower(device, 1), frozen, -1, STEPS, GAMES, 0)) {
            double[] before = Host.doubles(learner.model.parameters().statistics());
            learner.iteration();
            assertThat(Host.doubles(learner.model.parameters().statistics())).containsExactly(before);
        }
        try (Learner learner = learner(device, 1, Normalization.RUNNING)) {
            double[] before = Host.doubles(learner.model.parameters().statistics());
            learner.iteration();
            assertThat(Host.doubles(learner.model.parameters().statistics())).isNotEqualTo(before);
        }
    }

    @Test
    void aResumedRunEqualsAnUninterruptedOneBitForBit() throws IOException {
        CheckpointStore store = new CheckpointStore(directory);
        try (Device device = new CpuDevice(2);
                Learner uninterrupted = learner(device, 1, Normalization.RUNNING)) {
            uninterrupted.iteration();
            uninterrupted.iteration();
            Path checkpoint = store.write(save(uninterrupted));
            PpoMetrics expected = uninterrupted.iteration();

            try (Learner resumed = learner(device, 77, Normalization.RUNNING)) {
                load(store.read(checkpoint), resumed);

                assertThat(resumed.iteration()).isEqualTo(expected);
                assertThat(Host.doubles(resumed.model.parameters().values()))
                        .containsExactly(
                                Host.doubles(uninterrupted.model.parameters().values()));
                assertThat(Host.doubles(resumed.model.parameters().statistics()))
                        .containsExactly(
                                Host.doubles(uninterrupted.model.parameters().statistics()));
            }
        }
    }

    private static Learner learner(Device device, long seed, Normalization normalization) {
        return new Learner(
                TestDevices.tower(device, seed),
                Learner.settings(2, 24, 0, normalization),
                PpoAgent.SELF_PLAY_SIGN,
                STEPS,
                GAMES,
                0);
    }

    private static CheckpointData save(Learner learner) {
        JsonMapper json = new JsonMapper();
        CheckpointManifest manifest = new CheckpointManifest(
                "test",
                100,
                learner.model.spec(),
                "core46",
                "flat",
                learner.optimizer.appliedSteps(),
                json.createObjectNode(),
                json.createObjectNode(),
                json.createObjectNode().put("gradientSteps", learner.agent.gradientSteps()),
                json.createObjectNode(),
                Map.of("sampling", words(learner.sampling), "shuffling", words(learner.shuffling)),
                List.of());
        return new CheckpointData(
                manifest,
                ModelState.capture(learner.model.parameters()),
                OptimizerState.capture(learner.optimizer, learner.model.parameters()));
    }

    private static void load(CheckpointData data, Learner learner) {
        ModelState.restore(data.model(), learner.model);
        OptimizerState.restore(
                data.optimizer(), data.manifest().optimizerStep(), learner.optimizer, learner.model.parameters());
        learner.agent.restoreGradientSteps(
                data.manifest().schedule().get("gradientSteps").longValue());
        restore(learner.sampling, data, "sampling");
        restore(learner.shuffling, data, "shuffling");
    }

    private static void restore(RandomStream stream, CheckpointData data, String name) {
        stream.restore(data.manifest().randomStates().getOrDefault(name, List.of()).stream()
                .mapToLong(Long::longValue)
                .toArray());
    }

    private static List<Long> words(RandomStream stream) {
        return Arrays.stream(stream.state()).boxed().toList();
    }
}
