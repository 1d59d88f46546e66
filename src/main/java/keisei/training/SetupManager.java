package keisei.training;

import java.lang.foreign.Arena;
import java.util.Optional;
import keisei.config.AppConfig;
import keisei.config.TrainingConfig;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.nn.ActorCritic;
import keisei.nn.Normalization;
import keisei.optim.AdamOptimizer;
import keisei.optim.LearningRateSchedule;
import keisei.ppo.ExperienceBuffer;
import keisei.ppo.PpoAgent;
import keisei.ppo.PpoSettings;

/**
 * Builds what learns (optimizer, schedule, agent, experience buffer) and puts it into its first state: restored
 * from a checkpoint, or calibrated on random games. Owns what it builds.
 */
public final class SetupManager implements AutoCloseable {
    private final AppConfig config;
    private final SessionManager session;
    private final EnvManager env;
    private final ModelManager models;
    private final RandomStreams streams;
    private final AdamOptimizer optimizer;
    private final PpoAgent agent;
    private final ExperienceBuffer buffer;

    /** Environment and model stay their managers'. */
    public SetupManager(
            AppConfig config,
            SessionManager session,
            EnvManager env,
            ModelManager models,
            Device device,
            RandomStreams streams,
            LearningRule rule) {
        this.config = config;
        this.session = session;
        this.env = env;
        this.models = models;
        this.streams = streams;
        TrainingConfig training = config.training();
        ActorCritic model = models.model();
        optimizer = new AdamOptimizer(
                device,
                new AdamSettings(
                        0.9,
                        0.999,
                        training.adamEpsilon(),
                        training.weightDecay(),
                        training.decoupledWeightDecay(),
                        training.gradientClipMaxNorm()),
                model.parameters());
        agent = new PpoAgent(
                model,
                env.features().program(),
                ppoSettings(training),
                optimizer,
                schedule(config),
                streams.sampling(),
                streams.shuffling(),
                rule.gaeSign());
        buffer = agent.newBuffer(
                config.roundsPerEpoch(),
                config.env().numGames(),
                parts(config.env().overlap(), device.overlaps(), config.env().numGames()));
        agent.reserve(buffer);
    }

    /** Halves of the games whose inference and moves take turns, or one part: {@code env.overlap}. */
    static int parts(String overlap, boolean deviceOverlaps, int games) {
        boolean wanted = overlap.equals("on") || overlap.equals("auto") && deviceOverlaps;
        return wanted && games >= 2 ? 2 : 1;
    }

    private static PpoSettings ppoSettings(TrainingConfig training) {
        return new PpoSettings(
                training.gamma(),
                training.lambdaGae(),
                training.clipEpsilon(),
                training.valueLossCoeff(),
                training.entropyCoef(),
                training.ppoEpochs(),
                training.minibatchSize(),
                training.normalizeAdvantages(),
                training.enableValueClipping(),
                training.enablePolicyClipping(),
                training.targetKl(),
                training.normalization().equals("batch") ? Normalization.BATCH : Normalization.RUNNING,
                training.statisticsMomentum());
    }

    /**
     * The schedule by gradient step. Its total is the number of steps that the run will really take, the last, partial
     * update included.
     */
    static LearningRateSchedule schedule(AppConfig config) {
        TrainingConfig training = config.training();
        long rowsPerUpdate = training.environmentStepsPerEpoch();
        long fullUpdates = training.totalTimesteps() / rowsPerUpdate;
        long games = config.env().numGames();
        long lastRows = Math.ceilDiv(training.totalTimesteps() % rowsPerUpdate, games) * games;
        long stepsPerUpdate = gradientSteps(training, rowsPerUpdate);
        String type = training.lrScheduleType() == null ? "constant" : training.lrScheduleType();
        if (training.lrScheduleStepOn().equals("update")) {
            long total = fullUpdates * stepsPerUpdate + gradientSteps(training, lastRows);
            return LearningRateSchedule.of(
                    type,
                    training.learningRate(),
                    Math.max(1, total),
                    training.lrScheduleKwargs().given());
        }
        long epochs = fullUpdates + (lastRows > 0 ? 1 : 0);
        return LearningRateSchedule.of(
                        type,
                        training.learningRate(),
                        Math.max(1, epochs),
                        training.lrScheduleKwargs().given())
                .every(stepsPerUpdate);
    }

    private static long gradientSteps(TrainingConfig training, long rows) {
        return training.ppoEpochs() * Math.ceilDiv(rows, training.minibatchSize());
    }

    /** The learner. */
    public PpoAgent agent() {
        return agent;
    }

    /** The rollout's storage. */
    public ExperienceBuffer buffer() {
        return buffer;
    }

    /** Restores a checkpoint, or calibrates a new model and captures the first boundary. Writes nothing. */
    void start(Optional<ResumePoint> resume, MetricsManager metrics) {
        if (resume.isPresent()) {
            models.restore(resume.get().data(), agent, metrics, streams);
            return;
        }
        int positions = config.training().calibrationPositions();
        if (positions > 0) {
            try (Arena arena = Arena.ofShared()) {
                agent.calibrate(env.randomPositions(positions, streams.calibration(), arena), positions);
            }
        }
        models.captureBoundary(agent, metrics, streams);
    }

    /** Says where the run goes on, and puts the damaged checkpoints found on the way aside. */
    void logResume(ResumePoint point) {
        models.setAside(point.damaged());
        session.announce("resumed from %s at timestep %d"
                .formatted(point.checkpoint(), point.data().manifest().timestep()));
    }

    /** Says what is about to be trained. */
    void logRunInfo(MetricsManager metrics) {
        session.announce("run %s in %s".formatted(session.runName(), session.runDirectory()));
        models.modelInfo().forEach((name, value) -> session.announce("  %s: %s".formatted(name, value)));
        session.announce("  timesteps: %d of %d, seed %d"
                .formatted(
                        metrics.globalTimestep(),
                        config.training().totalTimesteps(),
                        config.env().seed()));
    }

    @Override
    public void close() {
        buffer.close();
        agent.close();
        optimizer.close();
    }
}
