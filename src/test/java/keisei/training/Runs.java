package keisei.training;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import keisei.config.AppConfig;
import keisei.config.ConfigLoader;

/** Tiny runs: Minishogi, 8 games of at most 40 plies, 16 moves a game and update, a network of one block. */
final class Runs {
    static final int GAMES = 8;
    static final int STEPS_PER_UPDATE = 128;

    private Runs() {}

    /** @param overrides {@code key=value}, over the tiny ones */
    static AppConfig config(Path modelDirectory, String... overrides) {
        List<String> all = new ArrayList<>(List.of(
                "env.variant=minishogi",
                "env.device=cpu",
                "env.threads=2",
                "env.num_games=" + GAMES,
                "env.seed=11",
                "env.max_moves_per_game=40",
                "training.model_type=dummy",
                "training.steps_per_epoch=" + STEPS_PER_UPDATE,
                "training.total_timesteps=" + 3 * STEPS_PER_UPDATE,
                "training.ppo_epochs=2",
                "training.minibatch_size=48",
                "training.calibration_positions=64",
                "training.checkpoint_interval_timesteps=0",
                "evaluation.enable_periodic_evaluation=false",
                "logging.model_dir=" + modelDirectory,
                "display.live=never"));
        all.addAll(List.of(overrides));
        return ConfigLoader.load(Optional.empty(), all, List.of()).config();
    }

    /** A trainer that prints nothing. */
    static Trainer trainer(AppConfig config, Optional<ResumePoint> resume) {
        return new Trainer(config, resume, new PrintWriter(Writer.nullWriter()));
    }

    /** Trains a new run to its end or stop and returns what it printed. */
    static String train(AppConfig config, Consumer<Trainer> before) {
        StringWriter text = new StringWriter();
        try (Trainer trainer = new Trainer(config, Optional.empty(), new PrintWriter(text))) {
            before.accept(trainer);
            trainer.runTrainingLoop();
        }
        return text.toString();
    }

    /** A callback that does {@code action} after each update. */
    static Callback callback(String name, Consumer<TrainingProgress> action) {
        return new Callback() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public void afterUpdate(TrainingProgress progress) {
                action.accept(progress);
            }
        };
    }
}
