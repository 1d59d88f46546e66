package keisei.evaluation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import keisei.random.RandomStream;
import keisei.shogi.GameRules;
import keisei.shogi.Variant;

/**
 * How strong a policy is: its matches against a random player and three depths of material search, with colours
 * alternated and random openings.
 *
 * @param rows one match an opponent
 */
public record LearningTable(List<MatchResult> rows) {
    /** Games a row unless the caller says otherwise. */
    public static final int DEFAULT_GAMES = 200;
    /** Random plies at the start of each pair of games. */
    public static final int OPENING_PLIES = 4;

    private static final String ROW = "%-18s %9d %5d %5d %5d   %.3f  [%.3f, %.3f]  %6.1f%n";

    /** Copies the list. */
    public LearningTable {
        rows = List.copyOf(rows);
    }

    /** Random, depth-1, depth-2 with half of its moves random, depth-2; their random moves follow from the seed. */
    public static List<Player> opponents(Variant variant, long seed) {
        return List.of(
                new RandomPlayer(new RandomStream(seed, 1)),
                new MaterialSearchPlayer(variant, 1, 0, new RandomStream(seed, 2)),
                new MaterialSearchPlayer(variant, 2, 0.5, new RandomStream(seed, 3)),
                new MaterialSearchPlayer(variant, 2, 0, new RandomStream(seed, 4)));
    }

    /** Plays all matches of a player, {@code games} (an even number) a row. */
    public static LearningTable measure(Player player, Variant variant, GameRules rules, int games, long seed) {
        List<MatchResult> rows = new ArrayList<>();
        for (Player opponent : opponents(variant, seed)) {
            rows.add(MatchRunner.play(
                    player, opponent, new MatchSettings(variant, rules, games, OPENING_PLIES, seed + rows.size())));
        }
        return new LearningTable(rows);
    }

    /** The match against the opponent of this name, such as {@code random}, {@code depth-2}. */
    public Optional<MatchResult> against(String opponent) {
        return rows.stream().filter(row -> row.opponent().equals(opponent)).findFirst();
    }

    /** A plain aligned table, a line each match. */
    public String format() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-18s %9s %5s %5s %5s   %-5s  %-14s  %6s%n",
                "opponent",
                "games",
                "win",
                "draw",
                "loss",
                "score",
                "95 % interval",
                "plies"));
        for (MatchResult row : rows) {
            ScoreInterval interval = row.interval();
            text.append(String.format(
                    Locale.ROOT,
                    ROW,
                    row.opponent(),
                    row.games(),
                    row.wins(),
                    row.draws(),
                    row.losses(),
                    row.score(),
                    interval.low(),
                    interval.high(),
                    row.meanPlies()));
        }
        return text.toString();
    }
}
