package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.UnaryOperator;
import keisei.device.Device;
import keisei.device.Slice;
import keisei.device.cpu.CpuDevice;
import keisei.device.cuda.CudaOptions;
import keisei.device.cuda.SoftwareCuda;
import keisei.nn.ParameterStore;
import keisei.optim.AdamOptimizer;
import keisei.tensor.HostTransfer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Learning on the software CUDA device: as on the CPU, the same with and without graphs, and through overflows. */
class CudaLearningTest {
    private static final int UPDATES = 20;

    private static Device open(UnaryOperator<CudaOptions> change) {
        // Measured choices of algorithms could differ between two devices.
        return SoftwareCuda.open(options -> change.apply(options.withDeterministic(true)));
    }

    @Test
    void onTheSameRolloutsItFollowsTheCpu() {
        try (Device cpu = new CpuDevice(2);
                Device cuda = open(options -> options)) {
            RecordedLearningTest.followsOnTheSameRollouts(cpu, cuda);
        }
    }

    @ParameterizedTest
    @EnumSource
    void onItsOwnRolloutsTheFirstRatioStaysOneAndTheLossesFinite(CudaOptions.Precision precision) {
        try (Device cuda = open(options -> options.withPrecision(precision));
                MinishogiLearner learner = new MinishogiLearner(cuda)) {
            for (int update = 1; update <= UPDATES; update++) {
                learner.rollout();
                PpoMetrics metrics = learner.update();
                assertThat(metrics.policyLoss()).isFinite();
                assertThat(metrics.valueLoss()).isFinite();
                // Inference folds the normalisation into the convolution; half precision rounds its result once less.
                double rounding = precision == CudaOptions.Precision.F16 ? 2e-2 : 1e-4;
                assertThat(metrics.firstRatioDeviation())
                        .as("update %d", update)
                        .isLessThan(rounding);
                assertThat(metrics.firstKl()).as("update %d", update).isBetween(0.0, rounding * rounding);
            }
        }
    }

    /** Rollouts are recordings too, so that sampling is compared as well. */
    @ParameterizedTest
    @EnumSource
    void graphsAndSeparateLaunchesGiveTheSameBitsAlsoThroughAnOverflow(CudaOptions.Precision precision) {
        try (Device graphs = open(options -> options.withPrecision(precision).withGraphs(true));
                Device launches =
                        open(options -> options.withPrecision(precision).withGraphs(false));
                MinishogiLearner replayed = new MinishogiLearner(graphs);
                MinishogiLearner launched = new MinishogiLearner(launches)) {
            for (int update = 1; update <= 6; update++) {
                if (update == 3 && precision == CudaOptions.Precision.F16) {
                    overflowNext(replayed);
                    overflowNext(launched);
                }
                MinishogiLearner.Rollout first = replayed.rollout();
                MinishogiLearner.Rollout second = launched.rollout();
                assertThat(first).usingRecursiveComparison().isEqualTo(second);
                PpoMetrics metrics = replayed.update();
                assertThat(metrics).isEqualTo(launched.update());
                if (update == 3) {
                    assertThat(metrics.skippedSteps() > 0).isEqualTo(precision == CudaOptions.Precision.F16);
                }
                assertThat(state(replayed)).containsExactly(state(launched));
            }
        }
    }

    /** The largest scale: half precision's gradients overflow until it has come down. */
    private static void overflowNext(MinishogiLearner learner) {
        learner.optimizer.restoreLossScale(new AdamOptimizer.LossScale(1 << 24, 0));
    }

    private static double[] state(MinishogiLearner learner) {
        ParameterStore store = learner.model.parameters();
        Slice[] parts = {
            store.values(),
            store.statistics(),
            learner.optimizer.moment1(),
            learner.optimizer.moment2(),
            learner.optimizer.control()
        };
        double[][] values = new double[parts.length][];
        int length = 0;
        for (int i = 0; i < parts.length; i++) {
            values[i] = HostTransfer.readDoubles(parts[i]);
            length += values[i].length;
        }
        double[] all = new double[length];
        int at = 0;
        for (double[] each : values) {
            System.arraycopy(each, 0, all, at, each.length);
            at += each.length;
        }
        return all;
    }

    @Test
    void anOverflowSkipsTheStepHalvesTheScaleAndLeavesTheWeights() {
        try (Device cuda = open(options -> options.withPrecision(CudaOptions.Precision.F16));
                MinishogiLearner learner = new MinishogiLearner(cuda)) {
            learner.rollout();
            learner.update();
            double before = learner.optimizer.lossScaleState().scale();
            long applied = learner.optimizer.appliedSteps();
            double[] weights =
                    HostTransfer.readDoubles(learner.model.parameters().values());
            assertThat(before).isEqualTo(65536);

            HostTransfer.write(
                    learner.model.parameters().gradients().range(0, 1), new double[] {Double.POSITIVE_INFINITY});
            learner.optimizer.step(1e-3);

            assertThat(HostTransfer.readDoubles(learner.model.parameters().values()))
                    .containsExactly(weights);
            assertThat(learner.optimizer.lossScaleState()).isEqualTo(new AdamOptimizer.LossScale(before / 2, 0));
            assertThat(learner.optimizer.appliedSteps()).isEqualTo(applied);

            learner.rollout();
            PpoMetrics metrics = learner.update();
            assertThat(metrics.skippedSteps()).isZero();
            assertThat(learner.optimizer.appliedSteps()).isEqualTo(applied + metrics.minibatches());
            assertThat(learner.optimizer.lossScaleState())
                    .isEqualTo(new AdamOptimizer.LossScale(before / 2, metrics.minibatches()));
        }
    }
}
