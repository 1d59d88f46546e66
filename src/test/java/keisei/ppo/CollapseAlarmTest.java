package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CollapseAlarmTest {
    private final CollapseAlarm alarm = CollapseAlarm.defaults();

    @ParameterizedTest
    @CsvSource({"0.346, 350, 0.244", "0.241, 308, 0.173", "0.137, 356, 0.344", "0.05, 80, 0.1", "0.117, 40, 0.0"})
    void healthyBlocksRaiseNothing(double valueLoss, double meanPlies, double truncations) {
        assertThat(alarm.check(metrics(valueLoss), meanPlies, truncations)).isEmpty();
    }

    @Test
    void theMeasuredValueCollapseIsRecognised() {
        assertThat(alarm.check(metrics(0.095), 370, 0.457))
                .extracting(CollapseAlarm.Alarm::fingerprint)
                .containsExactly(CollapseAlarm.Fingerprint.VALUE_COLLAPSE);
    }

    @Test
    void theMeasuredCooperationOfAWrongSignIsRecognised() {
        assertThat(alarm.check(metrics(0.0), 5, 0)).singleElement().satisfies(found -> {
            assertThat(found.fingerprint()).isEqualTo(CollapseAlarm.Fingerprint.SHORT_GAMES);
            assertThat(found.message()).contains("5.0 plies").contains("wrong self-play sign");
        });
    }

    @Test
    void noFinishedGameRaisesNothing() {
        assertThat(alarm.check(metrics(0.0), Double.NaN, Double.NaN)).isEmpty();
    }

    private static PpoMetrics metrics(double valueLoss) {
        return new PpoMetrics(0, valueLoss, 1, 0, 0, 0, 0, 1, 1e-3, 0, 0, 10, 1, 0, false);
    }
}
