package keisei.training;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import keisei.config.AppConfig;
import keisei.config.ConfigLoader;
import keisei.config.Presets;
import keisei.env.ObservationView;
import keisei.nn.ModelRegistry;
import keisei.ppo.PpoAgent;

/** Runs of the quick preset with the learning rule as it is, and with one thing broken. */
final class LearningRuns {
    /** The mutant that believes the opponent's gain to be its own. */
    static final LearningRule FLIPPED_SIGN = new LearningRule(-PpoAgent.SELF_PLAY_SIGN, ObservationView.RELATIVE);

    /** White sees the board from Black's side, while its actions are turned. */
    static final LearningRule NO_ROTATION = new LearningRule(PpoAgent.SELF_PLAY_SIGN, ObservationView.ABSOLUTE);

    private LearningRuns() {}

    /** The preset with overrides, in a directory of its own, without periodic evaluation. */
    static AppConfig config(Path directory, long seed, String... overrides) {
        List<String> all = new ArrayList<>(List.of(
                "env.seed=" + seed,
                "logging.model_dir=" + directory,
                "evaluation.enable_periodic_evaluation=false",
                "display.live=never"));
        all.addAll(List.of(overrides));
        return ConfigLoader.load(Optional.of(Presets.byName(Presets.MINISHOGI)), all, List.of())
                .config();
    }

    /** Trains to the end. */
    static TrainingSummary train(AppConfig config, LearningRule rule, PrintWriter out) {
        try (Trainer trainer =
                new Trainer(config, Optional.empty(), out, ModelRegistry.standard(), rule, Clock.systemDefaultZone())) {
            return trainer.runTrainingLoop();
        }
    }
}
