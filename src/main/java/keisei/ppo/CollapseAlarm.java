package keisei.ppo;

import java.util.ArrayList;
import java.util.List;

/**
 * Recognises the known ways in which self-play training goes wrong although its losses look good. Thresholds are
 * measured ones: a value head that learned "every game is a draw" had a value loss below 0.1 while more than 30 % of
 * the games hit the ply cap; a learner with a flipped sign made both players cooperate until games lasted 5 plies.
 *
 * @param valueLossBelow value loss under which it counts as collapsed
 * @param truncationShareAbove share of finished games that hit the ply cap, above which it is suspicious
 * @param meanPliesBelow mean length of finished games under which it counts as collapsed
 */
public record CollapseAlarm(double valueLossBelow, double truncationShareAbove, double meanPliesBelow) {
    /** The measured thresholds. */
    public static CollapseAlarm defaults() {
        return new CollapseAlarm(0.1, 0.3, 10);
    }

    /** What went wrong. */
    public enum Fingerprint {
        /** Small value loss while many games are cut off. */
        VALUE_COLLAPSE,
        /** Games end after a few plies: the players cooperate. */
        SHORT_GAMES
    }

    /**
     * A fingerprint that matched.
     *
     * @param fingerprint which
     * @param message the figures, for a log line
     */
    public record Alarm(Fingerprint fingerprint, String message) {}

    /**
     * @param metrics of the update
     * @param meanPlies mean length of the games that ended since the last update; NaN when none did
     * @param truncationShare share of them that hit the ply cap; NaN when none ended
     * @return the fingerprints that match; empty when training looks healthy
     */
    public List<Alarm> check(PpoMetrics metrics, double meanPlies, double truncationShare) {
        List<Alarm> alarms = new ArrayList<>();
        if (metrics.valueLoss() < valueLossBelow && truncationShare > truncationShareAbove) {
            alarms.add(new Alarm(
                    Fingerprint.VALUE_COLLAPSE,
                    "value loss %.4f is below %.2f while %.0f %% of the games are cut off (limit %.0f %%): the value head may predict a draw everywhere"
                            .formatted(
                                    metrics.valueLoss(),
                                    valueLossBelow,
                                    100 * truncationShare,
                                    100 * truncationShareAbove)));
        }
        if (meanPlies < meanPliesBelow) {
            alarms.add(new Alarm(
                    Fingerprint.SHORT_GAMES,
                    "games last %.1f plies on average, fewer than %.1f (value loss %.4f, entropy %.3f): both players may help one of them win, the mark of a wrong self-play sign"
                            .formatted(meanPlies, meanPliesBelow, metrics.valueLoss(), metrics.entropy())));
        }
        return alarms;
    }
}
