package keisei.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import keisei.device.cpu.CpuDevice;
import keisei.env.ActionSpace;
import keisei.env.ActionSpaces;
import keisei.env.FeatureSpec;
import keisei.env.ObservationView;
import keisei.nn.ActorCritic;
import keisei.nn.ModelRegistry;
import keisei.nn.ModelSpec;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.Move;
import keisei.shogi.Variant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PolicyPlayerTest {
    private static final int GAMES = 24;

    private CpuDevice device;

    @BeforeEach
    void openDevice() {
        device = new CpuDevice(1);
    }

    /** Fails when a buffer of a player is still open. */
    @AfterEach
    void closeDevice() {
        device.close();
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void aGreedyPolicyPlaysWhatItLikesForBothColours(Variant variant) {
        CapturingPolicy model = model(variant, "compact");
        int[] missed = missedCaptures(variant, model, ObservationView.RELATIVE, PolicyPlayer.Choice.GREEDY);

        assertThat(missed[0]).as("captures missed by Black").isZero();
        assertThat(missed[1]).as("captures missed by White").isZero();
        assertThat(missed[2]).as("positions with a capture").isGreaterThan(100);
        assertThat(model.forwards()).as("batches of 10: 3 for 24 games").isEqualTo(3 * 40);
    }

    @Test
    void withoutRotationWhiteDoesNotSeeWhereThingsAre() {
        int[] missed = missedCaptures(
                Variant.SHOGI, model(Variant.SHOGI, "compact"), ObservationView.ABSOLUTE, PolicyPlayer.Choice.GREEDY);

        assertThat(missed[0]).isZero();
        assertThat(missed[1]).isGreaterThan(20);
    }

    @Test
    void aSampledPolicyFollowsItsDistribution() {
        int[] missed = missedCaptures(
                Variant.SHOGI, model(Variant.SHOGI, "compact"), ObservationView.RELATIVE, PolicyPlayer.Choice.SAMPLED);

        // e^20 times likelier than anything else
        assertThat(missed[0] + missed[1]).isZero();
    }

    @Test
    void samplingDependsOnTheSeedAndGreedyPlayDoesNot() {
        CapturingPolicy model = model(Variant.SHOGI, "compact");

        assertThat(firstMoves(model, PolicyPlayer.Choice.SAMPLED, 1))
                .isEqualTo(firstMoves(model, PolicyPlayer.Choice.SAMPLED, 1))
                .isNotEqualTo(firstMoves(model, PolicyPlayer.Choice.SAMPLED, 2))
                .hasSizeGreaterThan(1);
        assertThat(firstMoves(model, PolicyPlayer.Choice.GREEDY, 1))
                .isEqualTo(firstMoves(model, PolicyPlayer.Choice.GREEDY, 2))
                .containsOnly(firstMoves(model, PolicyPlayer.Choice.GREEDY, 1)[0]);
    }

    @Test
    void aPlayerThatCapturesBeatsARandomOne() {
        try (PolicyPlayer player = player(
                Variant.MINISHOGI,
                model(Variant.MINISHOGI, "flat"),
                "flat",
                ObservationView.RELATIVE,
                PolicyPlayer.Choice.SAMPLED,
                1)) {
            MatchResult result = MatchRunner.play(
                    player,
                    new RandomPlayer(new RandomStream(2, 2)),
                    MatchRunnerTest.settings(Variant.MINISHOGI, 100, 100));

            assertThat(result.interval().low()).isGreaterThan(0.5);
            assertThat(result.player()).isEqualTo("net");
        }
    }

    @Test
    void anUntrainedTowerFinishesTheTableAndFailsTheCriterion() {
        FeatureSpec features = FeatureSpec.of("core46+all", Variant.MINISHOGI, 60);
        ActionSpace actions = ActionSpaces.byName("compact", Variant.MINISHOGI);
        var spec = new ModelSpec("resnet", features.planes(), 5, actions.totalActions(), 1, 16, 0.25);
        try (ActorCritic tower = ModelRegistry.standard().create(spec, device, new RandomStream(4, 0));
                PolicyPlayer player = new PolicyPlayer(
                        "net",
                        tower,
                        features,
                        actions,
                        ObservationView.RELATIVE,
                        PolicyPlayer.Choice.GREEDY,
                        new RandomStream(4, 1),
                        20)) {
            LearningTable table = LearningTable.measure(player, Variant.MINISHOGI, MatchRunnerTest.rules(60), 20, 1);

            assertThat(table.rows()).hasSize(4).allMatch(row -> row.games() == 20);
            assertThat(LearningCriterion.check(table, 40).passed()).isFalse();
        }
    }

    @Test
    void modelsThatDoNotFitAreErrorsThatNameBothSides() {
        FeatureSpec more = FeatureSpec.of("core46+check", Variant.SHOGI, 100);
        ActionSpace flat = ActionSpaces.byName("flat", Variant.SHOGI);

        assertThatThrownBy(() -> new PolicyPlayer(
                        "net",
                        model(Variant.SHOGI, "compact"),
                        more,
                        flat,
                        ObservationView.RELATIVE,
                        PolicyPlayer.Choice.GREEDY,
                        new RandomStream(0, 0),
                        8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("46 input channels, features 'core46+check' have 47 planes")
                .hasMessageContaining("3781 actions, action space 'flat' has 13527");
    }

    /** Captures that were legal but not played by Black and by White, and positions with a capture. */
    private static int[] missedCaptures(
            Variant variant, CapturingPolicy model, ObservationView view, PolicyPlayer.Choice choice) {
        Game[] games = new Game[GAMES];
        for (int i = 0; i < GAMES; i++) {
            games[i] = new Game(variant, MatchRunnerTest.rules(500));
        }
        RandomStream random = new RandomStream(5, 5);
        int[] moves = new int[GAMES];
        int[] counts = new int[3];
        try (PolicyPlayer player = player(variant, model, "compact", view, choice, 1)) {
            for (int ply = 0; ply < 40; ply++) {
                player.choose(GAMES, games, moves);
                for (int i = 0; i < GAMES; i++) {
                    count(games[i], moves[i], counts);
                    games[i].play(games[i].legalMove(random.nextInt(games[i].legalMoveCount())));
                    if (games[i].outcome().isOver()) {
                        games[i].reset();
                    }
                }
            }
        }
        return counts;
    }

    private static void count(Game game, int chosen, int[] counts) {
        boolean possible = false;
        for (int i = 0; i < game.legalMoveCount(); i++) {
            possible |= captures(game, game.legalMove(i));
        }
        if (possible) {
            counts[2]++;
            counts[game.position().sideToMove().ordinal()] += captures(game, chosen) ? 0 : 1;
        }
    }

    private static boolean captures(Game game, int move) {
        return !Move.isDrop(move) && game.position().pieceAt(Move.to(move)) != 0;
    }

    private static int[] firstMoves(CapturingPolicy model, PolicyPlayer.Choice choice, long seed) {
        Game[] games = new Game[GAMES];
        for (int i = 0; i < GAMES; i++) {
            games[i] = new Game(Variant.SHOGI, MatchRunnerTest.rules(500));
        }
        int[] moves = new int[GAMES];
        try (PolicyPlayer player = player(Variant.SHOGI, model, "compact", ObservationView.RELATIVE, choice, seed)) {
            player.choose(GAMES, games, moves);
        }
        return moves;
    }

    private CapturingPolicy model(Variant variant, String actions) {
        return new CapturingPolicy(
                device, FeatureSpec.of("core46", variant, 500), ActionSpaces.byName(actions, variant));
    }

    private static PolicyPlayer player(
            Variant variant,
            CapturingPolicy model,
            String actions,
            ObservationView view,
            PolicyPlayer.Choice choice,
            long seed) {
        return new PolicyPlayer(
                "net",
                model,
                FeatureSpec.of("core46", variant, 500),
                ActionSpaces.byName(actions, variant),
                view,
                choice,
                new RandomStream(seed, 0),
                10);
    }
}
