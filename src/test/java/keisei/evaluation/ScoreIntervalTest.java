package keisei.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ScoreIntervalTest {
    /** Roots of (p - s)^2 = z^2 p (1 - p) / n, computed apart for s = 0.6, n = 100 and s = 1, n = 10. */
    @Test
    void wilsonsBoundsSolveTheQuadratic() {
        ScoreInterval interval = ScoreInterval.wilson(60, 100);
        assertThat(interval.low()).isCloseTo(0.50200, within(1e-4));
        assertThat(interval.high()).isCloseTo(0.69060, within(1e-4));
        ScoreInterval certain = ScoreInterval.wilson(10, 10);
        assertThat(certain.low()).isCloseTo(0.72247, within(1e-4));
        assertThat(certain.high()).isCloseTo(1, within(1e-12));
    }

    @Property
    void boundsEncloseTheScoreAndMirror(@ForAll @IntRange(min = 1, max = 5000) int games, @ForAll int drawn) {
        double points = Math.floorMod(drawn, 2 * games + 1) / 2.0;

        ScoreInterval interval = ScoreInterval.wilson(points, games);
        ScoreInterval mirrored = ScoreInterval.wilson(games - points, games);

        assertThat(interval.low()).isBetween(0.0, points / games + 1e-12);
        assertThat(interval.high()).isBetween(points / games - 1e-12, 1.0);
        assertThat(mirrored.low()).isCloseTo(1 - interval.high(), within(1e-12));
    }

    @Test
    void impossibleScoresAreErrors() {
        assertThatThrownBy(() -> ScoreInterval.wilson(0, 0)).hasMessageContaining("of 0 games");
        assertThatThrownBy(() -> ScoreInterval.wilson(3, 2)).hasMessageContaining("3.0 points of 2 games");
    }
}
