package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.ToDoubleFunction;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import org.junit.jupiter.api.Test;

/** Learners on two devices that are shown the same rollouts learn alike. */
class RecordedLearningTest {
    private static final int UPDATES = 20;

    @Test
    void theCpuFollowsTheFloat64Reference() {
        try (Device reference = new ReferenceDevice();
                Device cpu = new CpuDevice(2)) {
            followsOnTheSameRollouts(reference, cpu);
        }
    }

    /** Losses within {@code 1e-3 * max(1, |x|)} over {@value #UPDATES} updates; {@code leader} plays. */
    static void followsOnTheSameRollouts(Device leader, Device follower) {
        try (MinishogiLearner first = new MinishogiLearner(leader);
                MinishogiLearner second = new MinishogiLearner(follower)) {
            for (int update = 1; update <= UPDATES; update++) {
                second.take(first.rollout());
                PpoMetrics expected = first.update();
                PpoMetrics actual = second.update();
                near("policy loss", update, PpoMetrics::policyLoss, actual, expected);
                near("value loss", update, PpoMetrics::valueLoss, actual, expected);
                near("entropy", update, PpoMetrics::entropy, actual, expected);
            }
        }
    }

    private static void near(
            String what, int update, ToDoubleFunction<PpoMetrics> metric, PpoMetrics actual, PpoMetrics expected) {
        double truth = metric.applyAsDouble(expected);
        assertThat(metric.applyAsDouble(actual))
                .as("%s of update %d", what, update)
                .isCloseTo(truth, within(1e-3 * Math.max(1, Math.abs(truth))));
    }
}
