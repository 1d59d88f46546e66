package keisei.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import keisei.random.RandomStream;
import keisei.shogi.Color;
import keisei.shogi.Ending;
import keisei.shogi.Game;
import keisei.shogi.GameRules;
import keisei.shogi.Impasse;
import keisei.shogi.RepetitionRule;
import keisei.shogi.Variant;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class VecShogiEnvTest {
    private static final String MATE_IN_ONE = "4k4/9/4P4/9/9/9/9/9/4K4 b G 1";
    private static final String ROOK_BESIDE_THE_KINGS_FILE = "4k4/9/9/9/9/9/9/9/K4R3 b - 1";
    private static final String KING_IN_CHECK_BY_A_ROOK = "4k4/9/9/9/9/9/9/9/K3R4 w - 1";

    @ParameterizedTest
    @EnumSource(Variant.class)
    void gamesReplayLikeGamesPlayedAlone(Variant variant) {
        GameRules rules = EnvFixtures.rules(60);
        int games = 5;
        try (var env = new VecShogiEnv(EnvFixtures.settings(variant, "compact", games, 2, rules))) {
            Game[] alone = new Game[games];
            Arrays.setAll(alone, i -> new Game(variant, rules));
            var packer = new PositionPacker(variant, ObservationView.RELATIVE);
            MemorySegment packed = EnvFixtures.packedFor(env);
            MemorySegment masks = EnvFixtures.masksFor(env);
            int[] actions = new int[games];
            StepResult result = env.newResult();
            RandomStream random = new RandomStream(11, 0);
            int finished = 0;
            for (int step = 0; step < 400; step++) {
                env.observe(0, games, packed, masks);
                EnvFixtures.drawActions(env, masks, random, actions);
                env.step(actions, result);
                for (int i = 0; i < games; i++) {
                    MemorySegment expected = MemorySegment.ofArray(new byte[env.recordBytes()]);
                    packer.write(alone[i], expected, 0);
                    assertThat(row(packed, i, env.recordBytes())).isEqualTo(row(expected, 0, env.recordBytes()));
                    Color mover = alone[i].position().sideToMove();
                    assertThat(result.mover(i)).isEqualTo(mover);
                    alone[i].play(env.settings().actions().decode(actions[i], mover));
                    assertThat(result.ending(i)).isEqualTo(alone[i].outcome().ending());
                    assertThat(result.winner(i)).isEqualTo(alone[i].outcome().winner());
                    assertThat(result.plies(i)).isEqualTo(alone[i].plies());
                    assertThat(result.finished(i)).isEqualTo(alone[i].outcome().isOver());
                    if (alone[i].outcome().isTruncation()) {
                        packer.write(alone[i], expected, 0);
                        assertThat(row(result.finalPacked(), i, env.recordBytes()))
                                .isEqualTo(row(expected, 0, env.recordBytes()));
                    }
                    if (alone[i].outcome().isOver()) {
                        alone[i].reset();
                        finished++;
                    }
                    assertThat(env.game(i).position().key())
                            .isEqualTo(alone[i].position().key());
                }
            }
            assertThat(finished).isGreaterThan(games);
        }
    }

    @Test
    void theNumberOfThreadsDoesNotChangeResults() {
        List<List<Object>> runs = new ArrayList<>();
        for (int threads : new int[] {1, 2, 3}) {
            runs.add(run(threads));
        }

        assertThat(runs.get(1)).isEqualTo(runs.get(0));
        assertThat(runs.get(2)).isEqualTo(runs.get(0));
    }

    private static List<Object> run(int threads) {
        List<Object> trace = new ArrayList<>();
        var settings = EnvFixtures.settings(Variant.MINISHOGI, "flat", 7, threads, EnvFixtures.rules(40));
        try (var env = new VecShogiEnv(settings);
                Arena arena = Arena.ofShared()) {
            MemorySegment packed = arena.allocate(7L * env.recordBytes());
            MemorySegment masks = arena.allocate(7L * env.maskWords() * 4);
            int[] actions = new int[7];
            StepResult result = env.newResult();
            RandomStream random = new RandomStream(3, 0);
            for (int step = 0; step < 150; step++) {
                env.observe(0, 7, packed, masks);
                trace.add(Arrays.hashCode(packed.toArray(ValueLayout.JAVA_BYTE)));
                trace.add(Arrays.hashCode(masks.toArray(ValueLayout.JAVA_BYTE)));
                EnvFixtures.drawActions(env, masks, random, actions);
                env.step(actions, result);
                trace.add(Arrays.toString(result.rewards()));
                trace.add(Arrays.toString(result.terminated()) + Arrays.toString(result.truncated()));
            }
        }
        return trace;
    }

    @Test
    void aRangeOfGamesIsWrittenFromRowZero() {
        try (var env =
                new VecShogiEnv(EnvFixtures.settings(Variant.MINISHOGI, "compact", 4, 2, EnvFixtures.rules(100)))) {
            MemorySegment all = EnvFixtures.packedFor(env);
            MemorySegment allMasks = EnvFixtures.masksFor(env);
            MemorySegment part = MemorySegment.ofArray(new byte[2 * env.recordBytes()]);
            MemorySegment partMasks = MemorySegment.ofArray(new int[2 * env.maskWords()]);
            int[] actions = new int[4];
            RandomStream random = new RandomStream(1, 0);
            for (int step = 0; step < 6; step++) {
                env.observe(0, 4, all, allMasks);
                EnvFixtures.drawActions(env, allMasks, random, actions);
                env.step(actions, env.newResult());
            }

            env.observe(0, 4, all, allMasks);
            env.observe(2, 4, part, partMasks);

            assertThat(row(part, 0, env.recordBytes())).isEqualTo(row(all, 2, env.recordBytes()));
            assertThat(row(part, 1, env.recordBytes())).isEqualTo(row(all, 3, env.recordBytes()));
            assertThat(row(partMasks, 1, env.maskWords() * 4)).isEqualTo(row(allMasks, 3, env.maskWords() * 4));
            assertThatThrownBy(() -> env.observe(1, 4, part, partMasks))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("packed has 96 bytes, 144 are needed");
            assertThatThrownBy(() -> env.observe(0, 5, all, allMasks)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"7, 3, 1", "7, 3, 2", "7, 3, 3", "5, 1, 2", "2, 1, 4"})
    void rangesOfGamesStepLikeAllTogether(int games, int middle, int threads) {
        try (var together = new VecShogiEnv(
                        EnvFixtures.settings(Variant.MINISHOGI, "flat", games, threads, EnvFixtures.rules(20)));
                var apart = new VecShogiEnv(
                        EnvFixtures.settings(Variant.MINISHOGI, "flat", games, threads, EnvFixtures.rules(20)))) {
            MemorySegment packed = EnvFixtures.packedFor(together);
            MemorySegment masks = EnvFixtures.masksFor(together);
            int[] actions = new int[games];
            StepResult expected = together.newResult();
            StepResult result = apart.newResult();
            RandomStream random = new RandomStream(4, 0);
            for (int step = 0; step < 60; step++) {
                together.observe(0, games, packed, masks);
                EnvFixtures.drawActions(together, masks, random, actions);
                together.step(actions, expected);
                // The second range first: ranges do not depend on each other.
                long before = apart.game(0).position().key();
                apart.step(middle, games, actions, result);
                assertThat(apart.game(0).position().key()).isEqualTo(before);
                apart.step(0, middle, actions, result);
                apart.step(0, 0, actions, result);

                assertThat(result.rewards()).isEqualTo(expected.rewards());
                assertThat(result.terminated()).isEqualTo(expected.terminated());
                assertThat(result.truncated()).isEqualTo(expected.truncated());
                assertThat(result.finishedGames()).isEqualTo(expected.finishedGames());
                assertThat(result.finalPacked().mismatch(expected.finalPacked()))
                        .isEqualTo(-1);
                for (int game = 0; game < games; game++) {
                    assertThat(result.mover(game)).isEqualTo(expected.mover(game));
                    assertThat(result.ending(game)).isEqualTo(expected.ending(game));
                    assertThat(result.winner(game)).isEqualTo(expected.winner(game));
                    assertThat(result.plies(game)).isEqualTo(expected.plies(game));
                    assertThat(apart.save(game)).isEqualTo(together.save(game));
                }
            }
            assertThatThrownBy(() -> apart.step(1, games + 1, actions, result))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void thePlyLimitTruncatesAndDoesNotTerminate() {
        try (var env = new VecShogiEnv(EnvFixtures.settings(Variant.SHOGI, "compact", 3, 1, EnvFixtures.rules(5)))) {
            List<StepResult> steps = playRandomly(env, 6);

            for (int i = 0; i < 3; i++) {
                assertThat(steps.get(3).finished(i)).isFalse();
                assertThat(steps.get(4).truncated()[i]).isEqualTo((byte) 1);
                assertThat(steps.get(4).terminated()[i]).isZero();
                assertThat(steps.get(4).rewards()[i]).isZero();
                assertThat(steps.get(4).ending(i)).isEqualTo(Ending.MAX_PLIES);
                assertThat(steps.get(4).plies(i)).isEqualTo(5);
                assertThat(row(steps.get(4).finalPacked(), i, env.recordBytes())[100])
                        .isEqualTo((byte) 5);
                assertThat(steps.get(5).finished(i)).isFalse();
                assertThat(env.game(i).plies()).isEqualTo(1);
            }
            assertThat(steps.get(4).finishedGames()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @CsvSource({"b, BLACK", "w, WHITE"})
    void mateRewardsTheMoverOfEitherColour(String turn, Color mover) {
        String sfen = turn.equals("b") ? MATE_IN_ONE : EnvFixtures.twin(MATE_IN_ONE);
        String mate = turn.equals("b") ? "G*5b" : "G*5h";
        try (var env = oneGame(EnvFixtures.rules(1))) {
            env.restore(0, new GameSnapshot(sfen, new int[0]));

            StepResult result = play(env, mate);

            assertThat(result.rewards()).containsExactly(1);
            assertThat(result.mover(0)).isEqualTo(mover);
            assertThat(result.winner(0)).isEqualTo(mover);
            assertThat(result.ending(0)).isEqualTo(Ending.CHECKMATE);
            assertThat(result.terminated()).as("mate on the last ply counts").containsExactly((byte) 1);
            assertThat(result.truncated()).containsExactly((byte) 0);
            assertThat(env.game(0).plies()).isZero();
        }
    }

    @Test
    void perpetualCheckCostsTheCheckerWhoeverCompletesIt() {
        assertThat(lastOfTwelve(ROOK_BESIDE_THE_KINGS_FILE, "4i5i", "5a4a", "5i4i", "4a5a"))
                .as("the evader completes the fourth occurrence and wins")
                .isEqualTo("1.0 PERPETUAL_CHECK WHITE mover WHITE");
        assertThat(lastOfTwelve(KING_IN_CHECK_BY_A_ROOK, "5a4a", "5i4i", "4a5a", "4i5i"))
                .as("the checker completes it and loses by his own move")
                .isEqualTo("-1.0 PERPETUAL_CHECK WHITE mover BLACK");
        assertThat(lastOfTwelve(EnvFixtures.twin(KING_IN_CHECK_BY_A_ROOK), "5i6i", "5a6a", "6i5i", "6a5a"))
                .as("the same with colours swapped")
                .isEqualTo("-1.0 PERPETUAL_CHECK BLACK mover WHITE");
    }

    private static String lastOfTwelve(String sfen, String... cycle) {
        try (var env = oneGame(EnvFixtures.rules(100))) {
            env.restore(0, new GameSnapshot(sfen, new int[0]));
            for (int ply = 0; ply < 11; ply++) {
                assertThat(play(env, cycle[ply % 4]).finished(0)).isFalse();
            }
            StepResult last = play(env, cycle[3]);
            assertThat(last.terminated()[0]).isEqualTo((byte) 1);
            return last.rewards()[0] + " " + last.ending(0) + " " + last.winner(0) + " mover " + last.mover(0);
        }
    }

    @ParameterizedTest
    @CsvSource({"BLACK, 1i1h", "WHITE, 9a9b"})
    void lettingTheOpponentDeclareCostsTheMover(Color declarer, String usi) {
        String sfen = "K+R+R+B+BGGGG/SSSS5/9/9/9/9/9/9/8k w - 1";
        try (var env = oneGame(new GameRules(100, Impasse.CSA27, RepetitionRule.DRAW))) {
            env.restore(0, new GameSnapshot(declarer == Color.BLACK ? sfen : EnvFixtures.twin(sfen), new int[0]));

            StepResult result = play(env, usi);

            assertThat(result.ending(0)).isEqualTo(Ending.DECLARATION);
            assertThat(result.winner(0)).isEqualTo(declarer);
            assertThat(result.mover(0)).isEqualTo(declarer.opponent());
            assertThat(result.rewards()).containsExactly(-1);
            assertThat(result.terminated()).containsExactly((byte) 1);
        }
    }

    @Test
    void illegalActionsAreErrorsThatNameGameActionAndMove() {
        try (var env = new VecShogiEnv(EnvFixtures.settings(Variant.SHOGI, "flat", 2, 1, EnvFixtures.rules(100)))) {
            ActionSpace space = env.settings().actions();
            int fine = space.encode(Usi.parseMove(Variant.SHOGI, "7g7f"));
            int illegal = space.encode(Usi.parseMove(Variant.SHOGI, "5i5a"));

            assertThatThrownBy(() -> env.step(new int[] {fine, illegal}, env.newResult()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("game 1")
                    .hasMessageContaining("action " + illegal)
                    .hasMessageContaining("5i5a")
                    .hasMessageContaining("BLACK");
            env.reset();
            assertThatThrownBy(() -> env.step(new int[] {13_527, fine}, env.newResult()))
                    .hasMessageContaining("game 0")
                    .hasMessageContaining("13527");
            assertThatThrownBy(() -> env.step(new int[] {fine}, env.newResult()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void aFailureOnAnotherThreadReachesTheCallerAndThePoolGoesOn() {
        try (var env = new VecShogiEnv(EnvFixtures.settings(Variant.SHOGI, "flat", 4, 4, EnvFixtures.rules(100)))) {
            int fine = env.settings().actions().encode(Usi.parseMove(Variant.SHOGI, "7g7f"));

            assertThatThrownBy(() -> env.step(new int[] {fine, fine, fine, 0}, env.newResult()))
                    .hasMessageContaining("game 3");

            env.reset();
            StepResult result = env.newResult();
            env.step(new int[] {fine, fine, fine, fine}, result);
            assertThat(result.plies(3)).isEqualTo(1);
        }
    }

    @Test
    void snapshotsBringGamesBackWithTheirHistory() {
        try (var env =
                new VecShogiEnv(EnvFixtures.settings(Variant.MINISHOGI, "compact", 2, 1, EnvFixtures.rules(200)))) {
            playRandomly(env, 9);
            GameSnapshot snapshot = env.save(1);
            long key = env.game(1).position().key();
            assertThat(snapshot.plies()).isEqualTo(env.game(1).plies()).isPositive();

            env.reset();
            env.restore(0, snapshot);

            assertThat(env.game(0).position().key()).isEqualTo(key);
            assertThat(env.save(0)).isEqualTo(snapshot);
            assertThat(GameSnapshot.ofText(
                            Variant.MINISHOGI, snapshot.startSfen(), snapshot.usiMoves(Variant.MINISHOGI)))
                    .isEqualTo(snapshot);
            assertThatThrownBy(() -> env.restore(1, new GameSnapshot(snapshot.startSfen(), new int[] {1 << 7 | 2})))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("game 1 cannot be restored");
            assertThat(env.game(1).plies()).isZero();
            assertThatThrownBy(() -> env.restore(1, new GameSnapshot("nonsense", new int[0])))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void settingsNameEveryFieldThatDoesNotFit() {
        FeatureSpec mini = FeatureSpec.of("core46", Variant.MINISHOGI, 100);
        ActionSpace flat = ActionSpaces.byName("flat", Variant.MINISHOGI);

        assertThatThrownBy(() -> new EnvSettings(Variant.SHOGI, EnvFixtures.rules(100), mini, flat, 0, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("games 0")
                .hasMessageContaining("threads 0")
                .hasMessageContaining("features are for minishogi")
                .hasMessageContaining("actions are for minishogi");
    }

    @Test
    void aClosedEnvironmentSaysSo() {
        var env = oneGame(EnvFixtures.rules(100));
        env.close();

        assertThatThrownBy(() -> env.step(new int[] {0}, env.newResult()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void twinsOfTwinsAreThePositionItself() {
        String sfen = "l6nl/5+P1gk/2np1S3/p1p4Pp/3P2Sp1/1PPb2P1P/P5GS1/R8/LN4bKL w GR5pnsg 1";

        assertThat(EnvFixtures.twin(EnvFixtures.twin(sfen))).isEqualTo(sfen);
        assertThat(Sfen.format(Sfen.parse(Variant.SHOGI, EnvFixtures.twin(sfen))))
                .isNotEqualTo(sfen);
    }

    private static VecShogiEnv oneGame(GameRules rules) {
        return new VecShogiEnv(EnvFixtures.settings(Variant.SHOGI, "compact", 1, 1, rules));
    }

    private static StepResult play(VecShogiEnv env, String usi) {
        Color mover = env.game(0).position().sideToMove();
        int action = env.settings().actions().encode(Usi.parseMove(Variant.SHOGI, usi), mover);
        StepResult result = env.newResult();
        env.step(new int[] {action}, result);
        return result;
    }

    private static List<StepResult> playRandomly(VecShogiEnv env, int steps) {
        MemorySegment packed = EnvFixtures.packedFor(env);
        MemorySegment masks = EnvFixtures.masksFor(env);
        RandomStream random = new RandomStream(7, 0);
        int[] actions = new int[env.games()];
        List<StepResult> results = new ArrayList<>();
        for (int step = 0; step < steps; step++) {
            env.observe(0, env.games(), packed, masks);
            EnvFixtures.drawActions(env, masks, random, actions);
            StepResult result = env.newResult();
            env.step(actions, result);
            results.add(result);
        }
        return results;
    }

    private static byte[] row(MemorySegment memory, int row, int bytes) {
        return memory.asSlice((long) row * bytes, bytes).toArray(ValueLayout.JAVA_BYTE);
    }
}
