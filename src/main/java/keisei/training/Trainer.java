package keisei.training;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import keisei.config.AppConfig;
import keisei.device.Device;
import keisei.evaluation.LearningCriterion;
import keisei.evaluation.LearningTable;
import keisei.evaluation.PolicyPlayer;
import keisei.nn.ModelRegistry;
import keisei.shogi.GameRules;

/**
 * The training of one run: builds the managers, runs the loop, finalises whatever happens. A facade; each manager can be
 * had for its own concern.
 *
 * <pre>{@code
 * try (Trainer trainer = new Trainer(config, Optional.empty(), out)) {
 *     TrainingSummary summary = trainer.runTrainingLoop();
 * }
 * }</pre>
 *
 * <p>Owns everything it builds. One thread runs it; {@link #stopAndWait} may come from another, such as a shutdown hook.
 */
public final class Trainer implements AutoCloseable {
    /** Games of the learning table and its random streams must not follow from the training seed alone. */
    private static final long TABLE_SEED_OFFSET = 1_000_003;

    private final AppConfig config;
    private final Device device;
    private final SessionManager session;
    private final EnvManager env;
    private final ModelManager models;
    private final MetricsManager metrics;
    private final CallbackManager callbacks;
    private final SetupManager setup;
    private final StepManager steps;
    private final DisplayManager display;
    private final TrainingLoopManager loop;
    private final CountDownLatch finished = new CountDownLatch(1);
    private final boolean resumed;

    /**
     * Sets up a run; with a resume point, continues one.
     *
     * @param resume where to continue; empty: a new run
     * @param out plain progress lines
     * @throws TrainingException when that is not possible; the message says why
     */
    public Trainer(AppConfig config, Optional<ResumePoint> resume, PrintWriter out) {
        this(config, resume, out, ModelRegistry.standard(), LearningRule.STANDARD, Clock.systemDefaultZone());
    }

    /**
     * Sets up a run that should have been continued but has no checkpoint yet: a new one, in the directory of the
     * configured name even if an earlier session made it.
     *
     * @throws TrainingException when that is not possible; the message says why
     */
    public static Trainer withoutCheckpoint(AppConfig config, PrintWriter out) {
        Clock clock = Clock.systemDefaultZone();
        return new Trainer(
                config,
                Optional.empty(),
                out,
                ModelRegistry.standard(),
                LearningRule.STANDARD,
                clock,
                () -> SessionManager.forRunWithoutCheckpoint(config, clock));
    }

    Trainer(
            AppConfig config,
            Optional<ResumePoint> resume,
            PrintWriter out,
            ModelRegistry registry,
            LearningRule rule,
            Clock clock) {
        this(config, resume, out, registry, rule, clock, () -> SessionManager.forNewRun(config, clock));
    }

    private Trainer(
            AppConfig config,
            Optional<ResumePoint> resume,
            PrintWriter out,
            ModelRegistry registry,
            LearningRule rule,
            Clock clock,
            Supplier<SessionManager> newSession) {
        this.config = config;
        this.resumed = resume.isPresent();
        int threads = config.env().threads() == 0
                ? Runtime.getRuntime().availableProcessors()
                : config.env().threads();
        DeviceChoice deviceChoice = DeviceChoice.of(config);
        RandomStreams streams = new RandomStreams(config.env().seed());
        Owned owned = new Owned();
        try {
            env = owned.add(new EnvManager(config, rule.view(), threads));
            device = owned.add(deviceChoice.open(threads));
            session = owned.add(resume.flatMap(ResumePoint::runDirectory)
                    .map(directory -> SessionManager.forResumedRun(config, clock, directory))
                    .orElseGet(newSession));
            models = owned.add(new ModelManager(config, registry, session, env, device, streams));
            metrics = new MetricsManager(config.display().metricsWindowSize());
            setup = owned.add(new SetupManager(config, session, env, models, device, streams, rule));
            setup.start(resume, metrics);
            // A checkpoint that does not fit has been refused by now: nothing is written before.
            session.setUpDirectories();
            session.saveEffectiveConfig();
            session.announce("device: " + deviceChoice.reason());
            models.logPrecision();
            resume.ifPresent(setup::logResume);
            steps = owned.add(new StepManager(env.environment(), setup.agent(), setup.buffer()));
            callbacks = new CallbackManager(session);
            addDefaultCallbacks();
            setup.logRunInfo(metrics);
            display = owned.add(new DisplayManager(
                    config.display(),
                    config.training().refreshPerSecond(),
                    config.training().renderEverySteps(),
                    session.runName(),
                    config.training().totalTimesteps(),
                    () -> env.sfenOf(0),
                    out));
            loop = new TrainingLoopManager(config, steps, setup, models, metrics, callbacks, display, session, streams);
            owned.release();
        } catch (RuntimeException | Error failure) {
            owned.closeAfter(failure);
            throw failure;
        }
    }

    private void addDefaultCallbacks() {
        long start = metrics.globalTimestep();
        callbacks.add(new CheckpointCallback(models, config.training().checkpointIntervalTimesteps(), start));
        if (config.evaluation().enablePeriodicEvaluation()) {
            callbacks.add(new EvaluationCallback(
                    session,
                    env,
                    models.model(),
                    config.evaluation(),
                    config.env().seed() + TABLE_SEED_OFFSET,
                    config.training().evaluationIntervalTimesteps(),
                    start));
        }
    }

    /** Whether {@code env.device: auto} computes on a GPU of this machine. */
    public static boolean usesGpu() {
        return DeviceChoice.autoIsGpu();
    }

    /** Trains until the run is complete or is stopped, then saves; an error is saved after too and thrown on. */
    public TrainingSummary runTrainingLoop() {
        long sessionStart = metrics.globalTimestep();
        boolean complete = false;
        try {
            complete = loop.run();
        } catch (RuntimeException | Error e) {
            session.warn("training failed: " + e);
            throw e;
        } finally {
            finalizeTraining(complete);
        }
        Optional<LearningTable> table =
                complete && config.evaluation().finalTable() ? Optional.of(learningTable()) : Optional.empty();
        MetricsManager.GameStatistics games = metrics.statistics();
        TrainingSummary summary = new TrainingSummary(
                complete,
                metrics.globalTimestep(),
                metrics.globalTimestep() - sessionStart,
                loop.elapsedNanos() / 1e9,
                steps.environmentNanos() / 1e9,
                steps.inferenceNanos() / 1e9,
                loop.updateNanos() / 1e9,
                games,
                table,
                config.evaluation().learningCriterion()
                        ? table.map(t -> LearningCriterion.check(t, games.meanPlies()))
                        : Optional.empty());
        summary.format().lines().forEach(session::log);
        return summary;
    }

    private void finalizeTraining(boolean complete) {
        try {
            if (complete) {
                models.saveFinalModel();
            }
            models.saveBoundary("final");
            display.close();
        } finally {
            finished.countDown();
        }
    }

    private LearningTable learningTable() {
        int games = config.evaluation().finalTableGames();
        long seed = config.env().seed() + TABLE_SEED_OFFSET;
        GameRules rules = new GameRules(
                config.evaluation().maxMovesPerGame(),
                env.rules().impasse(),
                env.rules().repetition());
        try (PolicyPlayer player = EvaluationCallback.policyPlayer(env, models.model(), games, seed)) {
            return LearningTable.measure(player, env.variant(), rules, games, seed);
        }
    }

    /**
     * Asks the loop to stop and waits until it has saved. When it takes longer than {@code patienceMillis} (an update
     * of a large network), saves the last update boundary itself.
     */
    public void stopAndWait(long patienceMillis) throws InterruptedException {
        loop.requestStop();
        if (!finished.await(patienceMillis, TimeUnit.MILLISECONDS)) {
            models.saveBoundary("interrupted");
        }
    }

    /** Whether this session continues an earlier one. */
    public boolean resumedFromCheckpoint() {
        return resumed;
    }

    /** The run's name. */
    public String runName() {
        return session.runName();
    }

    /** Where the run's files lie. */
    public Path runDirectory() {
        return session.runDirectory();
    }

    /** Sessions, names, logs. */
    public SessionManager sessionManager() {
        return session;
    }

    /** The terminal. */
    public DisplayManager displayManager() {
        return display;
    }

    /** The model and its checkpoints. */
    public ModelManager modelManager() {
        return models;
    }

    /** The games. */
    public EnvManager envManager() {
        return env;
    }

    /** Counters and windows. */
    public MetricsManager metricsManager() {
        return metrics;
    }

    /** What happens after updates. */
    public CallbackManager callbackManager() {
        return callbacks;
    }

    /** The learner. */
    public SetupManager setupManager() {
        return setup;
    }

    /** Single steps. */
    public StepManager stepManager() {
        return steps;
    }

    /** The main loop. */
    public TrainingLoopManager trainingLoopManager() {
        return loop;
    }

    /** The configuration that a checkpoint's run was made with, where it was kept beside it. */
    public static Optional<Path> configurationOf(ResumePoint point) {
        Path directory = point.checkpoint().toAbsolutePath().getParent();
        if (directory == null) {
            return Optional.empty();
        }
        return Optional.of(SessionManager.effectiveConfigOf(directory)).filter(Files::isRegularFile);
    }

    @Override
    public void close() {
        display.close();
        steps.close();
        setup.close();
        models.close();
        session.close();
        device.close();
        env.close();
    }
}
