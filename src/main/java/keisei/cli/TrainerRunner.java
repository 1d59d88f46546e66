package keisei.cli;

import java.nio.file.Path;
import java.util.Optional;
import keisei.config.AppConfig;
import keisei.training.ResumePoint;
import keisei.training.ResumeRequest;
import keisei.training.Trainer;
import keisei.training.TrainingException;
import keisei.training.TrainingSummary;

/**
 * Runs a {@link Trainer} for the command line. Ctrl-C and SIGTERM reach it as a shutdown hook, which has the trainer
 * save and waits for that.
 */
final class TrainerRunner implements TrainingRunner {
    /** Ctrl-C must be answered within 5 seconds, the write of a checkpoint included. */
    private static final long PATIENCE_MILLIS = 2_500;

    @Override
    public int run(AppConfig config, TrainRequest request) {
        try {
            Optional<ResumePoint> resume = request.resume()
                    .flatMap(text -> find(
                            text,
                            Path.of(config.logging().modelDir()),
                            config.logging().runName()));
            if (request.resume().isPresent() && resume.isEmpty()) {
                request.out()
                        .println("no checkpoint to resume under "
                                + config.logging().modelDir() + ": a new run");
            }
            return train(config, request, resume);
        } catch (TrainingException e) {
            System.err.println("keisei: " + e.getMessage());
            return 1;
        }
    }

    @Override
    public boolean usesGpu() {
        return Trainer.usesGpu();
    }

    private static int train(AppConfig config, TrainRequest request, Optional<ResumePoint> resume) {
        try (Trainer trainer = trainer(config, request, resume)) {
            Thread hook = new Thread(() -> stop(trainer), "keisei-shutdown");
            Runtime.getRuntime().addShutdownHook(hook);
            TrainingSummary summary = trainer.runTrainingLoop();
            if (trainer.trainingLoopManager().stopRequested()) {
                // The JVM is going down: the hook waited for the checkpoint, and the exit code is the signal's.
                return 130;
            }
            if (!remove(hook)) {
                return 130;
            }
            request.out().print(summary.format());
            request.out().flush();
            boolean learned =
                    summary.criterion().map(criterion -> criterion.passed()).orElse(true);
            return learned ? 0 : 1;
        }
    }

    private static Trainer trainer(AppConfig config, TrainRequest request, Optional<ResumePoint> resume) {
        return request.resume().isPresent() && resume.isEmpty()
                ? Trainer.withoutCheckpoint(config, request.out())
                : new Trainer(config, resume, request.out());
    }

    /** False when the signal came after the run's end and the JVM is going down. */
    private static boolean remove(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
            return true;
        } catch (IllegalStateException e) {
            return false;
        }
    }

    private static void stop(Trainer trainer) {
        try {
            trainer.stopAndWait(PATIENCE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static Optional<ResumePoint> find(
            String text, Path modelDirectory, @org.jspecify.annotations.Nullable String runName) {
        return ResumePoint.find(ResumeRequest.of(text), modelDirectory, Optional.ofNullable(runName));
    }

    @Override
    public Optional<Path> configurationOf(String resume, Path modelDir, Optional<String> runName) {
        try {
            return ResumePoint.find(ResumeRequest.of(resume), modelDir, runName).flatMap(Trainer::configurationOf);
        } catch (TrainingException e) {
            // The run itself will say it, with exit code 1.
            return Optional.empty();
        }
    }
}
