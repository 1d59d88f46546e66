package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.device.Readback;
import keisei.device.Slice;
import keisei.device.cpu.CpuDevice;
import keisei.device.cuda.SoftwareCuda;
import keisei.env.ActionSpaces;
import keisei.env.EnvSettings;
import keisei.env.FeatureSpec;
import keisei.env.StepResult;
import keisei.env.VecShogiEnv;
import keisei.nn.ActorCriticResTower;
import keisei.nn.ModelSpec;
import keisei.nn.Normalization;
import keisei.optim.AdamOptimizer;
import keisei.optim.LearningRateSchedule;
import keisei.ppo.ExperienceBuffer;
import keisei.ppo.PpoAgent;
import keisei.ppo.PpoSettings;
import keisei.random.RandomStream;
import keisei.shogi.GameRules;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rollouts with the games in halves are rollouts with all games together. */
class StepManagerTest {
    private static final int PLY_LIMIT = 14;

    /** A tiny tower on Minishogi. */
    private static final class Play implements AutoCloseable {
        final VecShogiEnv environment;
        final ActorCriticResTower model;
        final AdamOptimizer optimizer;
        final PpoAgent agent;
        final ExperienceBuffer buffer;
        final StepManager manager;
        final RandomStream sampling = new RandomStream(5, 1);
        int terminated;
        int truncated;

        Play(Device device, int steps, int games, int parts) {
            Variant variant = Variant.MINISHOGI;
            FeatureSpec features = FeatureSpec.of("core46", variant, PLY_LIMIT);
            var space = ActionSpaces.byName("compact", variant);
            environment = new VecShogiEnv(
                    new EnvSettings(variant, GameRules.standard(variant, PLY_LIMIT), features, space, games, 2));
            model = new ActorCriticResTower(
                    new ModelSpec("resnet", features.planes(), variant.size(), space.totalActions(), 1, 8, 0.25),
                    device,
                    new RandomStream(5, 0));
            optimizer = new AdamOptimizer(device, new AdamSettings(.9, .999, 1e-8, 0, false, .5), model.parameters());
            agent = new PpoAgent(
                    model,
                    features.program(),
                    new PpoSettings(.99, .95, .2, .5, .01, 1, 16, true, false, 0, Normalization.RUNNING, .5),
                    optimizer,
                    LearningRateSchedule.constant(1e-3),
                    sampling,
                    new RandomStream(5, 2),
                    PpoAgent.SELF_PLAY_SIGN);
            buffer = agent.newBuffer(steps, games, parts);
            agent.reserve(buffer);
            manager = new StepManager(environment, agent, buffer);
        }

        /** A rollout of {@code steps} as bytes, with what the environment said. */
        List<String> rollout(int steps) {
            List<String> trace = new ArrayList<>();
            buffer.clear();
            for (int t = 0; t < steps; t++) {
                StepResult result = manager.executeStep(t + 1 < steps);
                for (int game = 0; game < result.games(); game++) {
                    terminated += result.terminated()[game];
                    truncated += result.truncated()[game];
                    trace.add("%d: game %d: %s %s after %d"
                            .formatted(t, game, result.mover(game), result.ending(game), result.plies(game)));
                }
                trace.add(Arrays.toString(result.rewards()));
                trace.add(Arrays.toString(result.terminated()) + Arrays.toString(result.truncated()));
            }
            manager.finishRollout();
            agent.update(buffer);
            trace.add(text("packed", buffer.packed()));
            trace.add(text("masks", buffer.masks()));
            trace.add(text("actions", buffer.actions()));
            trace.add(text("log-probabilities", buffer.logProbabilities()));
            trace.add(text("values", buffer.values()));
            trace.add(text("final values", buffer.finalValues()));
            trace.add(text("last values", buffer.lastValue()));
            trace.add(text("returns", buffer.returns()));
            trace.add(Arrays.toString(sampling.state()));
            return trace;
        }

        private static String text(String what, Slice slice) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment host =
                        arena.allocate((long) slice.length() * slice.dtype().bytes(), 64);
                slice.buffer().device().read(slice, host);
                return what + " " + HexFormat.of().formatHex(host.toArray(ValueLayout.JAVA_BYTE));
            }
        }

        @Override
        public void close() {
            manager.close();
            buffer.close();
            agent.close();
            optimizer.close();
            model.close();
            environment.close();
        }
    }

    @ParameterizedTest
    @CsvSource({"8, 2, 10", "7, 2, 10", "3, 2, 10", "2, 2, 10", "37, 2, 10", "9, 4, 10", "5, 2, 50"})
    void partsChangeNothing(int games, int parts, int capacity) {
        try (Device device = new CpuDevice(2);
                Play whole = new Play(device, capacity, games, 1);
                Play halves = new Play(device, capacity, games, parts)) {
            for (int rollout = 0; rollout < 8; rollout++) {
                // Every third one is shorter than the buffer. In long ones more games are cut off than are kept.
                int steps = rollout % 3 == 2 ? capacity - 3 : capacity;
                assertThat(halves.rollout(steps)).as("rollout %d", rollout).isEqualTo(whole.rollout(steps));
            }
            assertThat(whole.truncated).isGreaterThan(games);
            if (games > 3) {
                assertThat(whole.terminated).as("games that ended by the rules").isPositive();
            }
        }
    }

    @Test
    void aRolloutThatWasAbandonedAmidItsStepsIsForgotten() {
        try (Device device = new CpuDevice(2);
                Play halves = new Play(device, 6, 5, 2)) {
            halves.buffer.clear();
            halves.manager.executeStep(true);
            halves.manager.executeStep(true);
            assertThat(halves.buffer.isOpen(0)).isTrue();
            assertThat(halves.buffer.isOpen(1)).isTrue();

            assertThat(halves.rollout(6)).isNotEmpty();
            assertThat(halves.buffer.rows()).isEqualTo(30);
        }
    }

    @Test
    void betweenBeginAndFinishNothingWaitsForTheDevice() {
        List<String> calls = new ArrayList<>();
        try (CpuDevice cpu = new CpuDevice(2)) {
            Device queued = queued(cpu, calls);
            List<String> whole;
            try (Play play = new Play(cpu, PLY_LIMIT + 2, 6, 1)) {
                whole = play.rollout(PLY_LIMIT + 2);
            }
            try (Play halves = new Play(queued, PLY_LIMIT + 2, 6, 2)) {
                assertThat(halves.rollout(PLY_LIMIT + 2)).isEqualTo(whole);
                assertThat(halves.truncated).isPositive();

                halves.buffer.clear();
                calls.clear();
                halves.manager.executeStep(true);
                List<String> begin = List.of("write", "write", "write", "start");
                assertThat(calls).isEqualTo(concat(begin, begin, List.of("await"), begin, List.of("await"), begin));
                for (int t = 1; t < PLY_LIMIT; t++) {
                    calls.clear();
                    halves.manager.executeStep(true);
                    assertThat(calls)
                            .as("step %d", t)
                            .isEqualTo(concat(List.of("await"), begin, List.of("await"), begin));
                }
            }
        }
    }

    @Test
    void stepsInPartsAllocateNoMoreThanTheNetworkDoes() {
        int steps = 300;
        try (CpuDevice device = new CpuDevice(1);
                Play whole = new Play(device, steps, 7, 1);
                Play halves = new Play(device, steps, 7, 2)) {
            // Twice as many inferences a step; what they allocate themselves is the device's business.
            long most = 2 * allocatedByAStep(whole, steps) + 64;
            assertThat(allocatedByAStep(halves, steps)).isLessThanOrEqualTo(most);
        }
    }

    private static long allocatedByAStep(Play play, int steps) {
        play.rollout(steps);
        play.buffer.clear();
        play.manager.executeStep(true);
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        int measured = 10;
        for (int t = 0; t < measured; t++) {
            play.manager.executeStep(true);
        }
        return (threads.getCurrentThreadAllocatedBytes() - before) / measured;
    }

    @SafeVarargs
    private static List<String> concat(List<String>... parts) {
        return Arrays.stream(parts).flatMap(List::stream).toList();
    }

    /** The device as one with a queue: results come when they are waited for, and calls that transfer are written down. */
    private static Device queued(Device device, List<String> calls) {
        return (Device) Proxy.newProxyInstance(
                StepManagerTest.class.getClassLoader(), new Class<?>[] {Device.class}, (proxy, method, arguments) -> {
                    switch (method.getName()) {
                        case "overlaps":
                            return true;
                        case "newReadback":
                            return new LateReadback(device.newReadback((long) arguments[0]), calls);
                        case "record":
                            return device.record((String) arguments[0], (Runnable) arguments[1]);
                        case "read", "write", "synchronize":
                            calls.add(method.getName());
                            break;
                        default:
                            break;
                    }
                    try {
                        return method.invoke(device, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Shows nothing before it was waited for. */
    private record LateReadback(Readback readback, List<String> calls) implements Readback {
        @Override
        public void start(Slice source) {
            calls.add("start");
            readback.start(source);
        }

        @Override
        public MemorySegment await() {
            calls.add("await");
            return readback.await();
        }

        @Override
        public void close() {
            readback.close();
        }
    }

    /** Values may differ in the last bit, because a GPU may sum otherwise in batches of another size. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void onAGpuHalvesPlayTheGamesThatAllPlayTogether(boolean lazy) {
        int steps = 4 * PLY_LIMIT;
        try (Device device = SoftwareCuda.open(options -> options);
                Play whole = new Play(device, steps, 5, 1);
                Play halves = new Play(device, steps, 5, 2)) {
            List<String> expected = games(whole.rollout(steps));
            SoftwareCuda.lazy(lazy);
            assertThat(device.overlaps()).isTrue();
            assertThat(games(halves.rollout(steps))).isEqualTo(expected);
            assertThat(halves.truncated).as("more than are kept").isGreaterThan(5);
        } finally {
            SoftwareCuda.lazy(false);
        }
        SoftwareCuda.assertSound();
    }

    private static List<String> games(List<String> rollout) {
        return rollout.stream()
                .filter(line -> !line.matches("(values|log-probabilities|final values|last values|returns) .*"))
                .toList();
    }

    @Test
    void theConfigurationDecidesUnlessThereIsOneGame() {
        assertThat(SetupManager.parts("auto", false, 8)).isEqualTo(1);
        assertThat(SetupManager.parts("auto", true, 8)).isEqualTo(2);
        assertThat(SetupManager.parts("auto", true, 1)).isEqualTo(1);
        assertThat(SetupManager.parts("on", false, 8)).isEqualTo(2);
        assertThat(SetupManager.parts("on", false, 1)).isEqualTo(1);
        assertThat(SetupManager.parts("off", true, 8)).isEqualTo(1);
    }
}
