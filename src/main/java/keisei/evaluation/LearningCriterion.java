package keisei.evaluation;

import java.util.List;
import java.util.Locale;

/**
 * Whether a run has learned, line by line: it hardly loses against a random player, it beats a depth-2 search that
 * plays half its moves at random, and self-play games have not collapsed to a few plies (two players who help each
 * other to a quick mate, the fingerprint of a flipped sign, also drive the value loss to zero).
 *
 * @param lines the conditions
 */
public record LearningCriterion(List<Line> lines) {
    /** Largest share of losses against the random player. */
    public static final double MOST_LOSSES_AGAINST_RANDOM = 0.05;
    /** Least score against depth-2 with half of its moves random. */
    public static final double LEAST_SCORE_AGAINST_DEPTH_2_HALF_RANDOM = 0.60;
    /** Mean self-play game length that must be exceeded. */
    public static final double LEAST_SELF_PLAY_PLIES = 20;

    /** Copies the list. */
    public LearningCriterion {
        lines = List.copyOf(lines);
    }

    /**
     * One condition.
     *
     * @param what what is measured
     * @param measured the value
     * @param required the condition in words
     * @param passed whether it holds
     */
    public record Line(String what, double measured, String required, boolean passed) {}

    /**
     * Checks a table.
     *
     * @param meanSelfPlayPlies mean length of the run's latest self-play games
     * @throws IllegalArgumentException when the table lacks one of the two opponents
     */
    public static LearningCriterion check(LearningTable table, double meanSelfPlayPlies) {
        double losses = row(table, "random").lossRate();
        double score = row(table, "depth-2 eps 0.50").score();
        return new LearningCriterion(List.of(
                new Line(
                        "losses against random",
                        losses,
                        "<= " + MOST_LOSSES_AGAINST_RANDOM,
                        losses <= MOST_LOSSES_AGAINST_RANDOM),
                new Line(
                        "score against depth-2 eps 0.50",
                        score,
                        ">= " + LEAST_SCORE_AGAINST_DEPTH_2_HALF_RANDOM,
                        score >= LEAST_SCORE_AGAINST_DEPTH_2_HALF_RANDOM),
                new Line(
                        "mean self-play plies",
                        meanSelfPlayPlies,
                        "> " + LEAST_SELF_PLAY_PLIES,
                        meanSelfPlayPlies > LEAST_SELF_PLAY_PLIES)));
    }

    private static MatchResult row(LearningTable table, String opponent) {
        return table.against(opponent)
                .orElseThrow(() -> new IllegalArgumentException("the table has no match against '" + opponent + "'"));
    }

    /** Whether all conditions hold. */
    public boolean passed() {
        return lines.stream().allMatch(Line::passed);
    }

    /** A line each condition. */
    public String format() {
        StringBuilder text = new StringBuilder();
        for (Line line : lines) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-32s %8.3f  %-8s %s%n",
                    line.what(),
                    line.measured(),
                    line.required(),
                    line.passed() ? "pass" : "FAIL"));
        }
        return text.toString();
    }
}
