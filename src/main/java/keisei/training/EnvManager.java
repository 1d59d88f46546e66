package keisei.training;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import keisei.checkpoint.GameRecord;
import keisei.config.AppConfig;
import keisei.config.EnvConfig;
import keisei.env.ActionSpace;
import keisei.env.ActionSpaces;
import keisei.env.EnvSettings;
import keisei.env.FeatureSpec;
import keisei.env.GameSnapshot;
import keisei.env.ObservationView;
import keisei.env.Perspective;
import keisei.env.StepResult;
import keisei.env.VecShogiEnv;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.GameRules;
import keisei.shogi.Impasse;
import keisei.shogi.RepetitionRule;
import keisei.shogi.Variant;
import keisei.shogi.notation.Sfen;

/** The games of a run: rules, features, actions and the vectorised environment, which it owns. */
public final class EnvManager implements AutoCloseable {
    private static final int CALIBRATION_PLIES_APART = 3;

    private final Variant variant;
    private final GameRules rules;
    private final FeatureSpec features;
    private final ActionSpace actions;
    private final ObservationView view;
    private final int threads;
    private final VecShogiEnv environment;

    /** @throws TrainingException when the parts of the configuration do not fit each other; names all that do not */
    public EnvManager(AppConfig config, ObservationView view, int threads) {
        EnvConfig env = config.env();
        this.variant = variantOf(env.variant());
        this.view = view;
        this.threads = threads;
        Impasse impasse = env.impasse().equals("auto")
                ? GameRules.standard(variant, env.maxMovesPerGame()).impasse()
                : Impasse.ofId(env.impasse());
        List<String> problems = new ArrayList<>();
        try {
            rules = new GameRules(env.maxMovesPerGame(), impasse, RepetitionRule.ofId(env.repetition()));
            rules.validateFor(variant);
            features = FeatureSpec.of(config.training().inputFeatures(), variant, env.maxMovesPerGame());
            actions = ActionSpaces.byName(env.actionSpace(), variant);
        } catch (IllegalArgumentException e) {
            throw new TrainingException("env: " + e.getMessage(), e);
        }
        Integer expectedActions = env.numActionsTotal();
        if (expectedActions != null && expectedActions != actions.totalActions()) {
            problems.add("env.num_actions_total is %d, but action_space %s of %s has %d"
                    .formatted(expectedActions, env.actionSpace(), variant.id(), actions.totalActions()));
        }
        Integer expectedChannels = env.inputChannels();
        if (expectedChannels != null && expectedChannels != features.planes()) {
            problems.add("env.input_channels is %d, but input_features %s has %d planes"
                    .formatted(expectedChannels, features.name(), features.planes()));
        }
        if (!problems.isEmpty()) {
            throw new TrainingException(String.join("; ", problems));
        }
        environment =
                new VecShogiEnv(new EnvSettings(variant, rules, features, actions, env.numGames(), threads, view));
    }

    private static Variant variantOf(String id) {
        for (Variant variant : Variant.values()) {
            if (variant.id().equals(id)) {
                return variant;
            }
        }
        throw new TrainingException("env.variant is " + id + "; allowed: shogi, minishogi");
    }

    /** The game. */
    public Variant variant() {
        return variant;
    }

    /** Its rules. */
    public GameRules rules() {
        return rules;
    }

    /** The observation. */
    public FeatureSpec features() {
        return features;
    }

    /** The numbering of moves. */
    public ActionSpace actions() {
        return actions;
    }

    /** How White's observations are turned. */
    ObservationView view() {
        return view;
    }

    /** The games. */
    public VecShogiEnv environment() {
        return environment;
    }

    /** All running games, for a checkpoint. */
    List<GameRecord> saveGames() {
        List<GameRecord> games = new ArrayList<>();
        for (int i = 0; i < environment.games(); i++) {
            GameSnapshot snapshot = environment.save(i);
            games.add(new GameRecord(snapshot.startSfen(), snapshot.usiMoves(variant)));
        }
        return games;
    }

    /** Continues the games of a checkpoint. @throws TrainingException when their number differs */
    void restoreGames(List<GameRecord> games) {
        if (games.size() != environment.games()) {
            throw new TrainingException("the checkpoint has %d running games, env.num_games is %d"
                    .formatted(games.size(), environment.games()));
        }
        for (int i = 0; i < games.size(); i++) {
            environment.restore(
                    i,
                    GameSnapshot.ofText(
                            variant, games.get(i).start(), games.get(i).moves()));
        }
    }

    /**
     * Packed positions from random games, a few plies apart.
     *
     * @return {@code [count, recordBytes]}
     */
    MemorySegment randomPositions(int count, RandomStream random, Arena arena) {
        int games = environment.games();
        EnvSettings settings = new EnvSettings(variant, rules, features, actions, games, threads, view);
        try (VecShogiEnv randomGames = new VecShogiEnv(settings);
                Arena scratch = Arena.ofShared()) {
            int recordBytes = randomGames.recordBytes();
            MemorySegment packed = scratch.allocate((long) games * recordBytes, 64);
            MemorySegment masks = scratch.allocate((long) games * randomGames.maskWords() * Integer.BYTES, 64);
            MemorySegment positions = arena.allocate((long) count * recordBytes, 64);
            StepResult result = randomGames.newResult();
            int[] chosen = new int[games];
            for (int done = 0; done < count; done += games) {
                for (int ply = 0; ply < CALIBRATION_PLIES_APART; ply++) {
                    for (int i = 0; i < games; i++) {
                        Game game = randomGames.game(i);
                        int move = game.legalMove(random.nextInt(game.legalMoveCount()));
                        chosen[i] = actions.encode(
                                Perspective.move(variant, move, game.position().sideToMove()));
                    }
                    randomGames.step(chosen, result);
                }
                randomGames.observe(0, games, packed, masks);
                long bytes = (long) Math.min(games, count - done) * recordBytes;
                MemorySegment.copy(packed, 0, positions, (long) done * recordBytes, bytes);
            }
            return positions;
        }
    }

    /** The board of one game as SFEN, for the display. */
    String sfenOf(int game) {
        return Sfen.format(environment.game(game).position());
    }

    @Override
    public void close() {
        environment.close();
    }
}
