package keisei.training;

import java.util.List;
import java.util.Locale;
import keisei.config.EvaluationConfig;
import keisei.evaluation.LearningTable;
import keisei.evaluation.MatchResult;
import keisei.evaluation.MatchRunner;
import keisei.evaluation.MatchSettings;
import keisei.evaluation.Player;
import keisei.evaluation.PolicyPlayer;
import keisei.nn.ActorCritic;
import keisei.random.RandomStream;
import keisei.shogi.GameRules;

/** Plays evaluation games whenever a multiple of the interval was crossed, with random streams of its own. */
final class EvaluationCallback implements Callback {
    private final SessionManager session;
    private final EnvManager env;
    private final ActorCritic model;
    private final EvaluationConfig config;
    private final long seed;
    private final IntervalTrigger trigger;

    EvaluationCallback(
            SessionManager session,
            EnvManager env,
            ActorCritic model,
            EvaluationConfig config,
            long seed,
            long intervalTimesteps,
            long startTimestep) {
        this.session = session;
        this.env = env;
        this.model = model;
        this.config = config;
        this.seed = seed;
        this.trigger = new IntervalTrigger(intervalTimesteps, startTimestep);
    }

    @Override
    public String name() {
        return "evaluation";
    }

    @Override
    public void afterUpdate(TrainingProgress progress) {
        if (!trigger.crossed(progress.timestep())) {
            return;
        }
        GameRules rules = new GameRules(
                config.maxMovesPerGame(), env.rules().impasse(), env.rules().repetition());
        try (PolicyPlayer player = policyPlayer(env, model, config.numGames(), seed)) {
            for (Player opponent : opponents()) {
                MatchResult result = MatchRunner.play(
                        player,
                        opponent,
                        new MatchSettings(env.variant(), rules, config.numGames(), config.openingPlies(), seed));
                String line = String.format(
                        Locale.ROOT,
                        "timestep %d against %s: %d wins, %d draws, %d losses, score %.3f [%.3f, %.3f]",
                        progress.timestep(),
                        opponent.name(),
                        result.wins(),
                        result.draws(),
                        result.losses(),
                        result.score(),
                        result.interval().low(),
                        result.interval().high());
                session.announce("evaluation at " + line);
                session.logEvaluation(line);
            }
        }
    }

    /** The policy as it plays in evaluations: always its most probable move. */
    static PolicyPlayer policyPlayer(EnvManager env, ActorCritic model, int games, long seed) {
        return new PolicyPlayer(
                "policy",
                model,
                env.features(),
                env.actions(),
                env.view(),
                PolicyPlayer.Choice.GREEDY,
                new RandomStream(seed, 0),
                games);
    }

    private List<Player> opponents() {
        List<Player> all = LearningTable.opponents(env.variant(), seed);
        return switch (config.opponentType()) {
            case "random" -> all.subList(0, 1);
            case "depth-1" -> all.subList(1, 2);
            case "depth-2-half-random" -> all.subList(2, 3);
            case "depth-2" -> all.subList(3, 4);
            default -> all;
        };
    }
}
