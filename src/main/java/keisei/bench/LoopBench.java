package keisei.bench;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import keisei.config.AppConfig;
import keisei.config.ConfigLoader;
import keisei.config.Presets;
import keisei.training.Trainer;
import keisei.training.TrainingSummary;

/** The whole training loop of the CPU preset, for a few updates in a temporary directory. */
final class LoopBench {
    private static final int TIMESTEPS = 32_768;

    private LoopBench() {}

    static List<SpeedRow> run(int threads) {
        try (TemporaryDirectory directory = new TemporaryDirectory()) {
            AppConfig config = ConfigLoader.load(
                            Optional.of(Presets.byName(Presets.CPU)),
                            List.of(
                                    "training.total_timesteps=" + TIMESTEPS,
                                    "training.checkpoint_interval_timesteps=0",
                                    "evaluation.enable_periodic_evaluation=false",
                                    "evaluation.final_table=false",
                                    "evaluation.learning_criterion=false",
                                    "display.live=never",
                                    "env.threads=" + threads,
                                    "logging.model_dir=" + directory.path()),
                            List.of())
                    .config();
            try (Trainer trainer = new Trainer(config, Optional.empty(), new PrintWriter(Writer.nullWriter()))) {
                TrainingSummary summary = trainer.runTrainingLoop();
                return List.of(new SpeedRow(
                        "whole loop, preset %s, %d threads, %d steps".formatted(Presets.CPU, threads, TIMESTEPS),
                        summary.stepsPerSecond(),
                        "steps/s",
                        String.format(
                                Locale.ROOT,
                                "environment %.1f%%, inference %.1f%%, update %.1f%%",
                                100 * summary.environmentSeconds() / summary.elapsedSeconds(),
                                100 * summary.inferenceSeconds() / summary.elapsedSeconds(),
                                100 * summary.updateSeconds() / summary.elapsedSeconds())));
            }
        }
    }
}
