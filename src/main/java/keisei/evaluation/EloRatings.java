package keisei.evaluation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Elo ratings of all players of a set of matches at once, relative to one of them: the maximum-likelihood fit of
 * Bradley and Terry (1952), by the iteration of Hunter (2004, "MM algorithms for generalized Bradley-Terry models"),
 * with a draw as half a win for each side. Every match counts one more, imagined draw, without which a player who won
 * every game would have no finite rating. Intervals are 95 %, from the inverse of the Fisher information.
 */
public final class EloRatings {
    private static final double ELO_PER_NAT = 400 / Math.log(10);
    private static final double Z = 1.959963984540054;
    private static final int MOST_ITERATIONS = 100_000;
    private static final double PRECISION = 1e-10;

    private EloRatings() {}

    /**
     * A rating.
     *
     * @param player who
     * @param elo difference to the anchor
     * @param margin half the width of the 95 % interval; 0 for the anchor
     */
    public record Rating(String player, double elo, double margin) {}

    /** The difference in Elo at which a score in (0, 1) is expected. */
    public static double difference(double score) {
        return ELO_PER_NAT * Math.log(score / (1 - score));
    }

    /**
     * Rates every player.
     *
     * @param matches matches that connect all players, directly or through others
     * @param anchor the player whose rating is 0
     * @return a rating each player, in the order of their appearance in the matches
     * @throws IllegalArgumentException when the anchor did not play, or somebody is not connected to it
     */
    public static List<Rating> fit(List<MatchResult> matches, String anchor) {
        Map<String, Integer> index = new LinkedHashMap<>();
        for (MatchResult match : matches) {
            index.putIfAbsent(match.player(), index.size());
            index.putIfAbsent(match.opponent(), index.size());
        }
        Integer anchorIndex = index.get(anchor);
        if (anchorIndex == null) {
            throw new IllegalArgumentException("'%s' is not among the players %s".formatted(anchor, index.keySet()));
        }
        int players = index.size();
        double[][] games = new double[players][players];
        double[] points = new double[players];
        for (MatchResult match : matches) {
            int i = index.getOrDefault(match.player(), 0);
            int j = index.getOrDefault(match.opponent(), 0);
            games[i][j] += match.games() + 1;
            games[j][i] += match.games() + 1;
            points[i] += match.score() * match.games() + 0.5;
            points[j] += (1 - match.score()) * match.games() + 0.5;
        }
        requireConnected(games, anchorIndex, List.copyOf(index.keySet()));
        double[] strength = iterate(games, points);
        double[][] covariance = covariance(games, strength, anchorIndex);
        List<Rating> ratings = new ArrayList<>();
        index.forEach((name, i) -> ratings.add(new Rating(
                name,
                ELO_PER_NAT * Math.log(strength[i] / strength[anchorIndex]),
                Z * ELO_PER_NAT * Math.sqrt(covariance[i][i]))));
        return ratings;
    }

    private static double[] iterate(double[][] games, double[] points) {
        int players = points.length;
        double[] strength = new double[players];
        Arrays.fill(strength, 1);
        for (int iteration = 0; iteration < MOST_ITERATIONS; iteration++) {
            double change = 0;
            for (int i = 0; i < players; i++) {
                double sum = 0;
                for (int j = 0; j < players; j++) {
                    sum += games[i][j] / (strength[i] + strength[j]);
                }
                double next = points[i] / sum;
                change = Math.max(change, Math.abs(Math.log(next / strength[i])));
                strength[i] = next;
            }
            if (change < PRECISION) {
                break;
            }
        }
        return strength;
    }

    /** Covariance of the log-strengths with the anchor's fixed; row and column of the anchor are 0. */
    private static double[][] covariance(double[][] games, double[] strength, int anchor) {
        int players = strength.length;
        double[][] information = new double[players][2 * players];
        for (int i = 0; i < players; i++) {
            information[i][players + i] = 1;
            for (int j = 0; j < players; j++) {
                double share = strength[i] / (strength[i] + strength[j]);
                double weight = i == j ? 0 : games[i][j] * share * (1 - share);
                information[i][i] += weight;
                information[i][j] -= weight;
            }
        }
        for (int i = 0; i < players; i++) {
            information[anchor][i] = i == anchor ? 1 : 0;
            information[i][anchor] = i == anchor ? 1 : 0;
        }
        invert(information);
        double[][] covariance = new double[players][];
        for (int i = 0; i < players; i++) {
            covariance[i] = Arrays.copyOfRange(information[i], players, 2 * players);
        }
        covariance[anchor][anchor] = 0;
        return covariance;
    }

    /** Gauss and Jordan on [A | 1]; A is symmetric positive definite, so no pivoting is needed. */
    private static void invert(double[][] rows) {
        for (int pivot = 0; pivot < rows.length; pivot++) {
            double scale = rows[pivot][pivot];
            for (int column = 0; column < rows[pivot].length; column++) {
                rows[pivot][column] /= scale;
            }
            for (int row = 0; row < rows.length; row++) {
                double factor = rows[row][pivot];
                if (row != pivot && factor != 0) {
                    for (int column = 0; column < rows[row].length; column++) {
                        rows[row][column] -= factor * rows[pivot][column];
                    }
                }
            }
        }
    }

    private static void requireConnected(double[][] games, int anchor, List<String> names) {
        boolean[] reached = new boolean[games.length];
        reached[anchor] = true;
        boolean more = true;
        while (more) {
            more = false;
            for (int i = 0; i < games.length; i++) {
                for (int j = 0; j < games.length; j++) {
                    if (reached[i] && !reached[j] && games[i][j] > 0) {
                        reached[j] = true;
                        more = true;
                    }
                }
            }
        }
        for (int i = 0; i < games.length; i++) {
            if (!reached[i]) {
                throw new IllegalArgumentException(
                        "no chain of matches connects '%s' with '%s'".formatted(names.get(i), names.get(anchor)));
            }
        }
    }
}
