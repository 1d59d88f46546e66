package keisei.training;

import java.util.ArrayDeque;
import java.util.Deque;
import keisei.env.StepResult;
import keisei.shogi.Color;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Counts timesteps, updates, games and results, and keeps a window of the latest games. A truncated game is neither
 * won nor drawn. Belongs to the training thread.
 */
public final class MetricsManager {
    private final int windowSize;
    private final Deque<FinishedGame> window = new ArrayDeque<>();
    private long globalTimestep;
    private long updates;
    private long episodes;
    private long blackWins;
    private long whiteWins;
    private long draws;
    private long truncations;
    private long pliesOfEpisodes;

    /** How a game ended: {@code winner} 0 Black, 1 White, 2 nobody by the rules, 3 cut off. */
    private record FinishedGame(int winner, int plies) {}

    /** @param windowSize games that the shares and the mean length look back on */
    public MetricsManager(int windowSize) {
        this.windowSize = windowSize;
    }

    /** Books one environment step of all games. */
    public void recordStep(StepResult result) {
        incrementTimestepBy(result.games());
        for (int game = 0; game < result.games(); game++) {
            if (result.finished(game)) {
                recordEpisode(result.truncated()[game] != 0 ? 3 : code(result.winner(game)), result.plies(game));
            }
        }
    }

    private static int code(@org.jspecify.annotations.Nullable Color winner) {
        return winner == null ? 2 : winner.ordinal();
    }

    private void recordEpisode(int winner, int plies) {
        episodes++;
        pliesOfEpisodes += plies;
        switch (winner) {
            case 0 -> blackWins++;
            case 1 -> whiteWins++;
            case 2 -> draws++;
            default -> truncations++;
        }
        window.addLast(new FinishedGame(winner, plies));
        if (window.size() > windowSize) {
            window.removeFirst();
        }
    }

    /** @throws IllegalArgumentException when {@code steps} is negative */
    public void incrementTimestepBy(long steps) {
        if (steps < 0) {
            throw new IllegalArgumentException("timestep increment is " + steps + ", must be >= 0");
        }
        globalTimestep += steps;
    }

    /** Books one update. */
    public void recordUpdate() {
        updates++;
    }

    /** Environment steps so far, over all games. */
    public long globalTimestep() {
        return globalTimestep;
    }

    /** Updates so far. */
    public long updates() {
        return updates;
    }

    /** Games finished so far. */
    public long totalEpisodesCompleted() {
        return episodes;
    }

    /** The counters and the window's figures as of now. */
    public GameStatistics statistics() {
        int[] results = new int[4];
        long plies = 0;
        for (FinishedGame game : window) {
            results[game.winner()]++;
            plies += game.plies();
        }
        int count = window.size();
        return new GameStatistics(
                episodes,
                blackWins,
                whiteWins,
                draws,
                truncations,
                count,
                share(results[0], count),
                share(results[1], count),
                share(results[2], count),
                share(results[3], count),
                count == 0 ? Double.NaN : (double) plies / count);
    }

    private static double share(int part, int count) {
        return count == 0 ? 0 : (double) part / count;
    }

    /** Counters for a checkpoint. */
    public ObjectNode counters() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("global_timestep", globalTimestep)
                .put("updates", updates)
                .put("total_episodes_completed", episodes)
                .put("black_wins", blackWins)
                .put("white_wins", whiteWins)
                .put("draws", draws)
                .put("truncations", truncations)
                .put("plies_of_episodes", pliesOfEpisodes);
    }

    /** The window for a checkpoint. */
    public ObjectNode windows() {
        ArrayNode games = JsonNodeFactory.instance.arrayNode();
        for (FinishedGame game : window) {
            games.add(game.winner()).add(game.plies());
        }
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.set("games", games);
        return node;
    }

    /** Restores {@link #counters} and {@link #windows}; keys that are missing count as 0. */
    public void restore(JsonNode counters, JsonNode windows) {
        globalTimestep = counters.path("global_timestep").asLong(0);
        updates = counters.path("updates").asLong(0);
        episodes = counters.path("total_episodes_completed").asLong(0);
        blackWins = counters.path("black_wins").asLong(0);
        whiteWins = counters.path("white_wins").asLong(0);
        draws = counters.path("draws").asLong(0);
        truncations = counters.path("truncations").asLong(0);
        pliesOfEpisodes = counters.path("plies_of_episodes").asLong(0);
        window.clear();
        JsonNode games = windows.path("games");
        // The window may have become smaller since; the latest games stay. They lie in pairs.
        int first = Math.max(0, games.size() / 2 - windowSize) * 2;
        for (int i = first; i + 1 < games.size(); i += 2) {
            window.addLast(
                    new FinishedGame(games.get(i).asInt(), games.get(i + 1).asInt()));
        }
    }

    /**
     * Counters since the start of the run and figures of the window of latest games.
     *
     * @param episodes finished games
     * @param blackWins won by Black
     * @param whiteWins won by White
     * @param draws drawn by the rules
     * @param truncations cut off at the ply limit
     * @param windowGames games in the window
     * @param blackWinShare share of the window, as the next three
     * @param whiteWinShare won by White
     * @param drawShare drawn by the rules
     * @param truncationShare cut off
     * @param meanPlies mean length in the window; NaN without a game
     */
    public record GameStatistics(
            long episodes,
            long blackWins,
            long whiteWins,
            long draws,
            long truncations,
            int windowGames,
            double blackWinShare,
            double whiteWinShare,
            double drawShare,
            double truncationShare,
            double meanPlies) {}
}
