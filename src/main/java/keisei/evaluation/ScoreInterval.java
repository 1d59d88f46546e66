package keisei.evaluation;

/**
 * An interval for a score between 0 and 1.
 *
 * @param low lower bound
 * @param high upper bound
 */
public record ScoreInterval(double low, double high) {
    /** The 97.5 % quantile of the normal distribution. */
    private static final double Z = 1.959963984540054;

    /**
     * The 95 % interval of Wilson (1927) for {@code points} out of {@code games}. With draws as half points it is a
     * little too wide, as draws vary less than wins and losses.
     */
    public static ScoreInterval wilson(double points, int games) {
        if (games < 1 || !(points >= 0 && points <= games)) {
            throw new IllegalArgumentException("%s points of %d games".formatted(points, games));
        }
        double share = points / games;
        double z2 = Z * Z / games;
        double middle = (share + z2 / 2) / (1 + z2);
        double half = Z / (1 + z2) * Math.sqrt(share * (1 - share) / games + z2 / (4.0 * games));
        return new ScoreInterval(Math.max(0, middle - half), Math.min(1, middle + half));
    }
}
