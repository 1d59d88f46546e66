package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;

import keisei.ppo.PpoMetrics;
import keisei.shogi.Variant;
import keisei.training.MetricsManager.GameStatistics;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the user reads: progress lines, trends, boards. */
class DisplayTextTest {
    private static TrainingProgress progress(double remainingSeconds, double explainedVariance, GameStatistics games) {
        PpoMetrics ppo = new PpoMetrics(
                -0.01234, 0.5, 3.25, 0.001, 0.002, 0.125, explainedVariance, 0.75, 3e-4, 0, 0, 128, 4, 0, false);
        return new TrainingProgress(256, 1024, 2, 512.4, remainingSeconds, games, ppo);
    }

    @Test
    void aProgressLineHasEveryFigure() {
        GameStatistics games = new GameStatistics(10, 4, 3, 2, 1, 10, 0.4, 0.3, 0.2, 0.1, 31.25);

        assertThat(DisplayManager.line(progress(1.5, 0.5, games)))
                .isEqualTo(
                        "256/1024 steps  512/s  ETA 0:02 | games 10  B 40% W 30% D 20% cut 10%  plies 31.3 | "
                                + "policy -0.0123 value 0.5000 entropy 3.250 KL 0.0020 clip 0.125 EV 0.50 grad 0.75 lr 3.0e-04");
    }

    @Test
    void figuresThatAreNotKnownYetAreShownAsSuch() {
        GameStatistics none = new GameStatistics(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Double.NaN);

        assertThat(DisplayManager.line(progress(Double.NaN, Double.NaN, none)))
                .contains("ETA ? ", "games 0  B 0%", "plies NaN", "EV NaN");
    }

    @ParameterizedTest
    @CsvSource({
        "0,0:00",
        "0.4,0:00",
        "59.6,1:00",
        "61,1:01",
        "3599,59:59",
        "3600,1:00:00",
        "90061,25:01:01",
        "NaN,?",
        "Infinity,?"
    })
    void durations(double seconds, String text) {
        assertThat(DisplayManager.duration(seconds)).isEqualTo(text);
    }

    @Test
    void sparklines() {
        assertThat(LiveView.sparkline(new double[0])).isEmpty();
        assertThat(LiveView.sparkline(new double[] {3})).isEqualTo("▁");
        assertThat(LiveView.sparkline(new double[] {-2, -2, -2})).isEqualTo("▁▁▁");
        assertThat(LiveView.sparkline(new double[] {0, 1, 2, 3, 4, 5, 6, 7})).isEqualTo("▁▂▃▄▅▆▇█");
        assertThat(LiveView.sparkline(new double[] {1, 0.5, 0})).isEqualTo("█▅▁");
    }

    @Test
    void valuesThatAreNotFiniteLeaveAGapInASparkline() {
        assertThat(LiveView.sparkline(new double[] {Double.NaN})).isEqualTo(" ");
        assertThat(LiveView.sparkline(new double[] {0, Double.NaN, 1, Double.POSITIVE_INFINITY, 0}))
                .isEqualTo("▁ █ ▁");
    }

    @Test
    void extremeValuesStayWithinTheBars() {
        assertThat(LiveView.sparkline(new double[] {-Double.MAX_VALUE, 0, Double.MAX_VALUE}))
                .isEqualTo("▁▅█");
    }

    @Test
    void theStartOfShogi() {
        assertThat(BoardText.lines(Variant.SHOGI.startSfen(), false))
                .containsExactly(
                        "White's hand: -",
                        " l  n  s  g  k  g  s  n  l ",
                        " .  r  .  .  .  .  .  b  . ",
                        " p  p  p  p  p  p  p  p  p ",
                        " .  .  .  .  .  .  .  .  . ",
                        " .  .  .  .  .  .  .  .  . ",
                        " .  .  .  .  .  .  .  .  . ",
                        " P  P  P  P  P  P  P  P  P ",
                        " .  B  .  .  .  .  .  R  . ",
                        " L  N  S  G  K  G  S  N  L ",
                        "Black's hand: -   Black to move");
    }

    @Test
    void theStartOfMinishogiInJapanese() {
        assertThat(BoardText.lines(Variant.MINISHOGI.startSfen(), true))
                .containsExactly(
                        "White's hand: -",
                        "v飛 v角 v銀 v金 v玉 ",
                        " ・  ・  ・  ・ v歩 ",
                        " ・  ・  ・  ・  ・ ",
                        " 歩  ・  ・  ・  ・ ",
                        " 玉  金  銀  角  飛 ",
                        "Black's hand: -   Black to move");
    }

    @Test
    void handsPromotionsAndTheSideToMove() {
        String sfen = "+r3k/4+p/5/P4/K2+B1 w 2Gs10p2P 7";

        assertThat(BoardText.lines(sfen, false))
                .containsExactly(
                        "White's hand: S P10",
                        "+r  .  .  .  k ",
                        " .  .  .  . +p ",
                        " .  .  .  .  . ",
                        " P  .  .  .  . ",
                        " K  .  . +B  . ",
                        "Black's hand: G2 P2   White to move");
        assertThat(BoardText.lines(sfen, true)).contains("v龍  ・  ・  ・ v玉 ", " ・  ・  ・  ・ vと ", " 玉  ・  ・  馬  ・ ");
    }
}
