package keisei.nn;

import static keisei.golden.Workbench.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Supplier;
import keisei.device.AdamSettings;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceMemoryException;
import keisei.device.Slice;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import keisei.golden.Workbench;
import keisei.optim.AdamOptimizer;
import keisei.random.RandomStream;
import keisei.tensor.HostTransfer;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class ActorCriticResTowerTest {
    private static final String DEVICES = "keisei.nn.Towers#devices";
    private static final int BATCH = 4;

    private final RandomStream random = new RandomStream(11, 2);

    private record Outputs(double[] logits, double[] value) {}

    private static Outputs infer(Workbench bench, ActorCritic tower, double[] planes, int batch) {
        Slice logits = bench.zeros(batch * tower.spec().actions());
        Slice value = bench.zeros(batch);
        tower.forward(batch, bench.reals(planes), logits, value);
        return new Outputs(read(logits), read(value));
    }

    private void step(ActorCritic tower, AdamOptimizer adam, int batch) {
        TrainingPass pass = tower.trainingPass(batch);
        HostTransfer.write(pass.planes(), Towers.planes(tower.spec(), batch, random));
        adam.zeroGradients();
        pass.forward();
        HostTransfer.write(pass.dLogits(), Towers.numbers(pass.dLogits().length(), random));
        HostTransfer.write(pass.dValue(), Towers.numbers(batch, random));
        pass.backward();
        adam.step(1e-2);
        tower.parametersChanged();
    }

    private static AdamOptimizer adam(ActorCritic tower, double weightDecay) {
        return new AdamOptimizer(
                tower.device(), new AdamSettings(0.9, 0.999, 1e-8, weightDecay, false, 0.5), tower.parameters());
    }

    @ParameterizedTest
    @CsvSource({
        "46, 9, 256, 0.25, 13527, 13241300",
        "51, 9, 256, 0.25, 13527, 13252820",
        "46, 9, 256, 0, 13527, 12943508",
        "46, 9, 256, 0.25, 3781, 11652702",
        "46, 9, 256, 0.25, 11259, 12871616",
        "46, 6, 128, 0, 13527, 4033044",
        "46, 1, 16, 0, 13527, 2216516"
    })
    void parameterCountsAreThoseOfTheOriginal(
            int planes, int depth, int width, double seRatio, int actions, int expected) {
        ModelSpec spec = new ModelSpec("resnet", planes, 9, actions, depth, width, seRatio);
        try (CpuDevice device = new CpuDevice(1);
                ParameterStore store = ActorCriticResTower.declare(spec, false).build(device)) {
            assertThat(store.parameters().values().stream()
                            .mapToInt(ParameterStore.Entry::logicalCount)
                            .sum())
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void inferenceComputesWhatATrainingPassWithRunningStatisticsComputes(Supplier<Device> supplier) {
        inferenceAgrees(supplier, Towers.spec(0), ActorCriticResTower::new);
        inferenceAgrees(supplier, Towers.spec(0.25), ActorCriticResTower::new);
        ModelSpec spatial = new ModelSpec("resnet_spatial", 5, 4, 3 * 16, 2, 8, 0.25);
        inferenceAgrees(supplier, spatial, ActorCriticResTower::withSpatialPolicy);
    }

    private void inferenceAgrees(Supplier<Device> supplier, ModelSpec spec, ModelFactory factory) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device);
                ActorCritic tower = factory.create(spec, device, random)) {
            Towers.scramble(tower, random);
            double[] planes = Towers.planes(tower.spec(), BATCH, random);
            TrainingPass pass = tower.trainingPass(BATCH);
            HostTransfer.write(pass.planes(), planes);
            pass.forward();

            Outputs outputs = infer(bench, tower, planes, BATCH);

            Offset<Double> tolerance = within(device.realType() == DType.F64 ? 1e-12 : 1e-5);
            assertThat(outputs.logits()).containsExactly(read(pass.logits()), tolerance);
            assertThat(outputs.value()).containsExactly(read(pass.value()), tolerance);
            assertThat(Arrays.stream(outputs.logits()).map(Math::abs).max().orElse(0))
                    .isGreaterThan(0.1);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void inferenceFollowsOptimizerStepsAndMovingStatistics(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device);
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0.25), device, random);
                AdamOptimizer adam = adam(tower, 0)) {
            double[] planes = Towers.planes(tower.spec(), BATCH, random);
            Outputs first = infer(bench, tower, planes, BATCH);
            tower.setNormalization(Normalization.BATCH);
            tower.trainingPass(BATCH).forward();
            Outputs second = infer(bench, tower, planes, BATCH);
            step(tower, adam, BATCH);
            Outputs third = infer(bench, tower, planes, BATCH);

            assertThat(second.value()).isNotEqualTo(first.value());
            assertThat(third.value()).isNotEqualTo(second.value());
            TrainingPass pass = tower.trainingPass(BATCH);
            tower.setNormalization(Normalization.RUNNING);
            HostTransfer.write(pass.planes(), planes);
            pass.forward();
            assertThat(third.value()).containsExactly(read(pass.value()), within(1e-5));
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void rowsDoNotDependOnTheBatchTheyComeIn(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device);
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0.25), device, random)) {
            Towers.scramble(tower, random);
            double[] planes = Towers.planes(tower.spec(), BATCH, random);
            double[] firstRow = Arrays.copyOf(planes, planes.length / BATCH);

            double alone = infer(bench, tower, firstRow, 1).value()[0];

            assertThat(infer(bench, tower, planes, BATCH).value()[0]).isEqualTo(alone, within(1e-5));
            assertThat(infer(bench, tower, firstRow, 1).value()[0]).isEqualTo(alone);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void observedStatisticsAreTheMeanOverChunks(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device);
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0), device, random)) {
            Slice one = bench.reals(Towers.planes(tower.spec(), BATCH, random));
            Slice two = bench.reals(Towers.planes(tower.spec(), BATCH, random));
            Slice mean = tower.parameters().value("stem.bn.running_mean");
            tower.observeStatistics(BATCH, one, 1);
            double[] ofOne = read(mean);
            tower.observeStatistics(BATCH, two, 1);
            double[] ofTwo = read(mean);

            tower.observeStatistics(BATCH, one, 1);
            tower.observeStatistics(BATCH, two, 0.5);

            double[] ofBoth = read(mean);
            for (int c = 0; c < ofBoth.length; c++) {
                assertThat(ofOne[c]).isNotEqualTo(ofTwo[c]);
                assertThat(ofBoth[c]).isEqualTo((ofOne[c] + ofTwo[c]) / 2, within(1e-6));
            }
            double[] all = read(tower.parameters().statistics());
            tower.trainingPass(BATCH).forward();
            assertThat(read(tower.parameters().statistics()))
                    .as("the mode is RUNNING again")
                    .isEqualTo(all);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void afterTwoMinibatchesNoDeviceMemoryIsAllocated(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device);
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0.25), device, random);
                AdamOptimizer adam = adam(tower, 0)) {
            Slice planes = bench.reals(Towers.planes(tower.spec(), BATCH, random));
            Slice logits = bench.zeros(BATCH * tower.spec().actions());
            Slice value = bench.zeros(BATCH);
            tower.reserve(BATCH);
            step(tower, adam, BATCH);
            Map<String, Long> afterOne = device.memory().bytesByOwner();
            step(tower, adam, BATCH - 1);
            tower.forward(BATCH, planes, logits, value);
            Map<String, Long> before = device.memory().bytesByOwner();
            long peak = device.memory().peakBytes();

            for (int i = 0; i < 3; i++) {
                step(tower, adam, BATCH);
                step(tower, adam, BATCH - 1);
                tower.forward(BATCH - 2, planes, logits, value);
                tower.observeStatistics(BATCH - 1, planes, 0.5);
            }

            assertThat(device.memory().bytesByOwner()).isEqualTo(before);
            assertThat(device.memory().peakBytes()).isEqualTo(peak);
            assertThat(afterOne).containsKeys("activations", "activation gradients", "workspaces", "optimizer");
            for (String owner : new String[] {"activations", "activation gradients", "workspaces"}) {
                assertThat(before.get(owner))
                        .as(owner + ": a smaller minibatch costs nothing")
                        .isEqualTo(afterOne.get(owner));
            }
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void aClosedTowerLeavesNothingAndAnOpenOneIsNamed(Supplier<Device> supplier) {
        Device device = supplier.get();
        ActorCritic tower = new ActorCriticResTower(Towers.spec(0.25), device, random);
        try (AdamOptimizer adam = adam(tower, 0)) {
            step(tower, adam, BATCH);
        }
        assertThat(device.memory().bytesByOwner()).containsKey("parameters");

        tower.close();

        assertThat(device.memory().totalBytes()).isZero();
        device.close();

        Device leaky = new ReferenceDevice();
        ActorCritic forgotten = new ActorCriticResTower(Towers.spec(0), leaky, random);
        assertThatThrownBy(leaky::close)
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessageContaining("parameters");
        forgotten.close();
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void paddingStaysZeroUnderAdamWithWeightDecay(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0.25), device, random);
                AdamOptimizer adam = adam(tower, 0.01)) {
            for (int i = 0; i < 3; i++) {
                step(tower, adam, BATCH);
            }

            ParameterStore store = tower.parameters();
            boolean[] used = new boolean[store.values().length()];
            for (ParameterStore.Entry entry : store.parameters().values()) {
                for (int i = 0; i < entry.logicalCount(); i++) {
                    used[entry.offset() + entry.storedIndex(i)] = true;
                }
            }
            double[] values = read(store.values());
            double[] gradients = read(store.gradients());
            int padding = 0;
            for (int i = 0; i < used.length; i++) {
                if (!used[i]) {
                    padding++;
                    assertThat(values[i]).isZero();
                    assertThat(gradients[i]).isZero();
                }
            }
            // Three of eight stem channels alone are 3 * 9 * 8 elements.
            assertThat(padding).isGreaterThanOrEqualTo(3 * 9 * 8);
        }
    }

    @ParameterizedTest
    @MethodSource(DEVICES)
    void rowsWithoutALegalActionAreDefined(Supplier<Device> supplier) {
        try (Device device = supplier.get();
                Workbench bench = new Workbench(device);
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0), device, random)) {
            Towers.scramble(tower, random);
            Slice planes = bench.reals(Towers.planes(tower.spec(), 2, random));
            // 37 actions are two words a row: nothing is legal in row 0, action 35 alone in row 1.
            Slice mask = bench.ints(0, 0, 0, 1 << 3);
            Slice logits = bench.zeros(2 * 37);
            Slice action = bench.ints(9, 9);
            Slice logProbability = bench.reals(9, 9);
            Slice entropy = bench.reals(9, 9);
            Slice value = bench.zeros(2);

            tower.sampleActionAndValue(2, planes, mask, bench.reals(0.9, 0.9), logits, action, logProbability, value);
            assertThat(HostTransfer.readInts(action)).containsExactly(0, 35);
            assertThat(read(logProbability)).containsExactly(new double[] {0, 0}, within(1e-6));
            double[] values = read(value);
            assertThat(values).doesNotContain(0);

            tower.greedyActionAndValue(2, planes, mask, logits, action, logProbability, value);
            assertThat(HostTransfer.readInts(action)).containsExactly(0, 35);
            assertThat(read(value)).isEqualTo(values);

            tower.evaluateActions(2, planes, mask, action, logits, logProbability, entropy, value);
            assertThat(read(logProbability)).containsExactly(new double[] {0, 0}, within(1e-6));
            assertThat(read(entropy)).containsExactly(new double[] {0, 0}, within(1e-6));
        }
    }

    @Test
    void aSpatialPolicyNeedsTheSameNumberOfActionsOnEachSquareAndLeavesNothingOtherwise() {
        try (Device device = new ReferenceDevice()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ActorCriticResTower.withSpatialPolicy(Towers.spec(0), device, random))
                    .withMessageContaining("it has 37");
            assertThat(device.memory().totalBytes()).isZero();
        }
    }

    @Test
    void batchesOfNothingAreRefused() {
        try (Device device = new ReferenceDevice();
                ActorCritic tower = new ActorCriticResTower(Towers.spec(0), device, random)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> tower.trainingPass(0))
                    .withMessageContaining("batch 0");
            assertThatIllegalArgumentException().isThrownBy(() -> tower.reserve(-1));
        }
    }
}
