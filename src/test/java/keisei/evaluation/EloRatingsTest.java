package keisei.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class EloRatingsTest {
    @Test
    void aScoreOfThreeQuartersIsAbout191() {
        assertThat(EloRatings.difference(0.75)).isCloseTo(190.85, within(0.01));
        assertThat(EloRatings.difference(0.5)).isZero();
        assertThat(EloRatings.difference(0.25)).isCloseTo(-190.85, within(0.01));
    }

    @Test
    void twoPlayersAreRatedByTheirScore() {
        // 750 of 1000 and one imagined draw: 750.5 of 1001
        List<EloRatings.Rating> ratings = EloRatings.fit(List.of(match("b", "a", 750, 0, 250)), "a");

        assertThat(ratings.get(1)).isEqualTo(new EloRatings.Rating("a", 0, 0));
        assertThat(ratings.get(0).elo()).isCloseTo(EloRatings.difference(750.5 / 1001), within(1e-6));
        // 1.96 * 400 / ln 10 / sqrt(n p (1 - p))
        assertThat(ratings.get(0).margin()).isCloseTo(24.84, within(0.05));
    }

    @Test
    void aChainAddsUpAndItsIntervalsGrow() {
        List<EloRatings.Rating> ratings =
                EloRatings.fit(List.of(match("b", "a", 75, 0, 25), match("c", "b", 60, 30, 10)), "a");

        double first = EloRatings.difference(75.5 / 101);
        assertThat(ratings.get(0).elo()).isCloseTo(first, within(1e-6));
        assertThat(ratings.get(2).elo()).isCloseTo(first + EloRatings.difference(75.5 / 101), within(1e-6));
        assertThat(ratings.get(2).margin())
                .isCloseTo(Math.sqrt(2) * ratings.get(0).margin(), within(1e-6));
    }

    @Test
    void contradictingMatchesAreBalanced() {
        List<EloRatings.Rating> ratings = EloRatings.fit(
                List.of(match("a", "b", 60, 0, 40), match("b", "c", 60, 0, 40), match("c", "a", 60, 0, 40)), "a");

        assertThat(ratings.get(1).elo()).isCloseTo(0, within(1e-6));
        assertThat(ratings.get(2).elo()).isCloseTo(0, within(1e-6));
    }

    @Test
    void aClearSweepStaysFinite() {
        EloRatings.Rating rating =
                EloRatings.fit(List.of(match("b", "a", 100, 0, 0)), "a").get(0);

        assertThat(rating.player()).isEqualTo("b");
        assertThat(rating.elo()).isCloseTo(EloRatings.difference(100.5 / 101), within(1e-4));
    }

    @Test
    void unconnectedPlayersAreErrors() {
        List<MatchResult> matches = List.of(match("a", "b", 1, 0, 1), match("c", "d", 1, 0, 1));

        assertThatThrownBy(() -> EloRatings.fit(matches, "a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'c' with 'a'");
        assertThatThrownBy(() -> EloRatings.fit(matches, "x")).hasMessageContaining("'x' is not among");
    }

    private static MatchResult match(String player, String opponent, int wins, int draws, int losses) {
        return new MatchResult(player, opponent, wins, 0, draws, losses, 0, List.of(), 50);
    }
}
