package keisei.evaluation;

import java.util.ArrayList;
import java.util.List;
import keisei.random.RandomStream;
import keisei.shogi.Color;
import keisei.shogi.Game;

/**
 * Plays matches: pairs of games from the same random opening with colours swapped, all games of a match advancing
 * together so that each player sees its games in one batch. The result depends on the seeds of the match and of the
 * players only.
 */
public final class MatchRunner {
    private static final long OPENING_STREAM = 0x6F70656E;
    private static final int OPENING_ATTEMPTS = 1_000;

    private MatchRunner() {}

    /**
     * Plays a match.
     *
     * @throws IllegalStateException when a player chooses an illegal move; the message names player and game
     */
    public static MatchResult play(Player player, Player opponent, MatchSettings settings) {
        Game[] games = openings(settings);
        Game[] waiting = new Game[games.length];
        int[] moves = new int[games.length];
        boolean goesOn = true;
        while (goesOn) {
            goesOn = advance(player, 0, games, waiting, moves) + advance(opponent, 1, games, waiting, moves) > 0;
        }
        return result(player, opponent, games);
    }

    /** Game 2p and game 2p+1 have the same opening; the first player is Black in game 2p. */
    private static Game[] openings(MatchSettings settings) {
        RandomStream random = new RandomStream(settings.seed(), OPENING_STREAM);
        Game[] games = new Game[settings.games()];
        for (int pair = 0; pair < games.length / 2; pair++) {
            Game first = new Game(settings.variant(), settings.rules());
            int attempts = 0;
            while (!playRandomly(first, settings.openingPlies(), random)) {
                if (++attempts == OPENING_ATTEMPTS) {
                    throw new IllegalArgumentException("no game goes on after %d random plies (ply limit %d)"
                            .formatted(settings.openingPlies(), settings.rules().maxPlies()));
                }
            }
            Game second = new Game(settings.variant(), settings.rules());
            for (int ply = 0; ply < first.plies(); ply++) {
                second.play(first.moveAt(ply));
            }
            games[2 * pair] = first;
            games[2 * pair + 1] = second;
        }
        return games;
    }

    private static boolean playRandomly(Game game, int plies, RandomStream random) {
        game.reset();
        while (game.plies() < plies && !game.outcome().isOver()) {
            game.play(game.legalMove(random.nextInt(game.legalMoveCount())));
        }
        return !game.outcome().isOver();
    }

    /** Plays one move in each game in which the player is to move, and returns how many those were. */
    private static int advance(Player player, int seat, Game[] games, Game[] waiting, int[] moves) {
        int count = 0;
        for (int i = 0; i < games.length; i++) {
            Game game = games[i];
            if (!game.outcome().isOver() && seatToMove(game, i) == seat) {
                waiting[count++] = game;
            }
        }
        if (count == 0) {
            return 0;
        }
        player.choose(count, waiting, moves);
        for (int i = 0; i < count; i++) {
            requireLegal(player, waiting[i], moves[i]);
            waiting[i].play(moves[i]);
        }
        return count;
    }

    /** 0 when the first player is to move, 1 when the second is. */
    private static int seatToMove(Game game, int index) {
        return game.position().sideToMove().ordinal() ^ index & 1;
    }

    private static void requireLegal(Player player, Game game, int move) {
        for (int i = 0; i < game.legalMoveCount(); i++) {
            if (game.legalMove(i) == move) {
                return;
            }
        }
        throw new IllegalStateException("player '%s' chose move code %d, which is not legal, at ply %d of a game"
                .formatted(player.name(), move, game.plies()));
    }

    private static MatchResult result(Player player, Player opponent, Game[] games) {
        int[] winsBySeatOfBlack = new int[2];
        int losses = 0;
        int draws = 0;
        int truncated = 0;
        long plies = 0;
        int[] pairs = new int[5];
        int pairHalfPoints = 0;
        for (int i = 0; i < games.length; i++) {
            Game game = games[i];
            Color winner = game.outcome().winner();
            int halfPoints;
            if (winner == null) {
                halfPoints = 1;
                draws++;
            } else if ((winner.ordinal() ^ i & 1) == 0) {
                halfPoints = 2;
                winsBySeatOfBlack[i & 1]++;
            } else {
                halfPoints = 0;
                losses++;
            }
            truncated += game.outcome().isTruncation() ? 1 : 0;
            plies += game.plies();
            pairHalfPoints += halfPoints;
            if (i % 2 == 1) {
                pairs[pairHalfPoints]++;
                pairHalfPoints = 0;
            }
        }
        List<Integer> pairList = new ArrayList<>();
        for (int pair : pairs) {
            pairList.add(pair);
        }
        return new MatchResult(
                player.name(),
                opponent.name(),
                winsBySeatOfBlack[0],
                winsBySeatOfBlack[1],
                draws,
                losses,
                truncated,
                pairList,
                (double) plies / games.length);
    }
}
