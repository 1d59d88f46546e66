package keisei.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
    @Test
    void aConstantScheduleStaysWhereItIs() {
        LearningRateSchedule schedule = LearningRateSchedule.of("constant", 3e-4, 0, Map.of());

        assertThat(schedule.at(0)).isEqualTo(3e-4);
        assertThat(schedule.at(1_000_000)).isEqualTo(3e-4);
    }

    @Test
    void aLinearScheduleReachesItsFractionWithTheLastStepAndStaysThere() {
        LearningRateSchedule schedule = LearningRateSchedule.of("linear", 2, 10, Map.of());

        assertThat(schedule.at(0)).isEqualTo(2);
        assertThat(schedule.at(5)).isEqualTo(1.1, within(1e-12));
        assertThat(schedule.at(10)).isEqualTo(0.2, within(1e-12));
        assertThat(schedule.at(11)).isEqualTo(schedule.at(10));
    }

    @Test
    void aCosineScheduleIsHalfWayDownInTheMiddle() {
        LearningRateSchedule schedule = LearningRateSchedule.of("cosine", 1, 8, Map.of("eta_min_fraction", 0.2));

        assertThat(schedule.at(0)).isEqualTo(1);
        assertThat(schedule.at(4)).isEqualTo(0.6, within(1e-12));
        assertThat(schedule.at(8)).isEqualTo(0.2, within(1e-12));
        assertThat(schedule.at(80)).isEqualTo(0.2, within(1e-12));
        assertThat(LearningRateSchedule.of("cosine", 1, 8, Map.of()).at(8)).isEqualTo(0, within(1e-15));
    }

    @Test
    void exponentialAndStepSchedulesMultiplyByGamma() {
        LearningRateSchedule exponential = LearningRateSchedule.of("exponential", 1, 0, Map.of());
        LearningRateSchedule step = LearningRateSchedule.of("step", 1, 0, Map.of());

        assertThat(exponential.at(2)).isEqualTo(0.995 * 0.995, within(1e-12));
        assertThat(step.at(999)).isEqualTo(1);
        assertThat(step.at(1000)).isEqualTo(0.5);
        assertThat(step.at(3999)).isEqualTo(0.125);
    }

    @Test
    void aScheduleOfUpdatesMovesOncePerUpdate() {
        LearningRateSchedule schedule = LearningRateSchedule.of("exponential", 1, 0, Map.of("gamma", 0.5))
                .every(40);

        assertThat(schedule.at(39)).isEqualTo(1);
        assertThat(schedule.at(40)).isEqualTo(0.5);
        assertThat(schedule.at(80)).isEqualTo(0.25);
    }

    @Test
    void badSettingsAreNamed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearningRateSchedule.of("warp", 1, 1, Map.of()))
                .withMessageContaining("'warp'")
                .withMessageContaining("cosine");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearningRateSchedule.of("linear", 1, 0, Map.of()))
                .withMessageContaining("total steps 0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearningRateSchedule.of("linear", 1, 5, Map.of("gamma", .5)))
                .withMessageContaining("gamma")
                .withMessageContaining("final_lr_fraction");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearningRateSchedule.of("step", 1, 5, Map.of("step_size", 1.5)))
                .withMessageContaining("1.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearningRateSchedule.constant(0))
                .withMessageContaining("0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LearningRateSchedule.constant(1).at(-1))
                .withMessageContaining("-1");
    }
}
