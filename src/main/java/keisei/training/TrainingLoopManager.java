package keisei.training;

import java.util.List;
import keisei.config.AppConfig;
import keisei.env.StepResult;
import keisei.ppo.CollapseAlarm;
import keisei.ppo.ExperienceBuffer;
import keisei.ppo.PpoAgent;
import keisei.ppo.PpoMetrics;

/**
 * The main loop: rollout, update, boundary, callbacks, until the run is complete or a stop is requested. A stop during a
 * rollout abandons it: the state of the last boundary is what continues. The last, partial rollout is learned from
 * too. Belongs to the training thread; {@link #requestStop} may come from any.
 */
public final class TrainingLoopManager {
    /** The first games of a new network say nothing about a collapse. */
    private static final int FEWEST_GAMES_FOR_ALARM = 200;

    private final AppConfig config;
    private final StepManager steps;
    private final SetupManager setup;
    private final ModelManager models;
    private final MetricsManager metrics;
    private final CallbackManager callbacks;
    private final DisplayManager display;
    private final SessionManager session;
    private final RandomStreams streams;
    private final CollapseAlarm alarm = CollapseAlarm.defaults();
    private volatile boolean stopRequested;
    private long updateNanos;
    private long elapsedNanos;

    TrainingLoopManager(
            AppConfig config,
            StepManager steps,
            SetupManager setup,
            ModelManager models,
            MetricsManager metrics,
            CallbackManager callbacks,
            DisplayManager display,
            SessionManager session,
            RandomStreams streams) {
        this.config = config;
        this.steps = steps;
        this.setup = setup;
        this.models = models;
        this.metrics = metrics;
        this.callbacks = callbacks;
        this.display = display;
        this.session = session;
        this.streams = streams;
    }

    /** Asks the loop to end at the next step; thread-safe. */
    public void requestStop() {
        stopRequested = true;
    }

    /** Whether a stop was requested. */
    public boolean stopRequested() {
        return stopRequested;
    }

    /** Runs until the end; returns whether the run is complete. */
    public boolean run() {
        long total = config.training().totalTimesteps();
        long sessionStart = metrics.globalTimestep();
        long start = System.nanoTime();
        while (metrics.globalTimestep() < total && !stopRequested) {
            if (!collect(total)) {
                break;
            }
            PpoMetrics ppo = update();
            elapsedNanos = System.nanoTime() - start;
            TrainingProgress progress = progress(ppo, total, sessionStart);
            warnOfCollapse(progress);
            display.afterUpdate(progress);
            session.log(DisplayManager.line(progress));
            callbacks.afterUpdate(progress);
        }
        elapsedNanos = System.nanoTime() - start;
        return metrics.globalTimestep() >= total;
    }

    /** One rollout; false when a stop came in between. */
    private boolean collect(long total) {
        ExperienceBuffer buffer = setup.buffer();
        buffer.clear();
        while (!buffer.isFull() && metrics.globalTimestep() < total) {
            if (stopRequested) {
                return false;
            }
            StepResult result = steps.executeStep(another(buffer, total));
            metrics.recordStep(result);
            display.afterStep(metrics.globalTimestep());
        }
        steps.finishRollout();
        return true;
    }

    /** Whether the rollout goes on after its next step. */
    private boolean another(ExperienceBuffer buffer, long total) {
        return buffer.size() + 1 < buffer.capacitySteps() && metrics.globalTimestep() + buffer.games() < total;
    }

    private PpoMetrics update() {
        PpoAgent agent = setup.agent();
        long start = System.nanoTime();
        PpoMetrics ppo = agent.update(setup.buffer());
        updateNanos += System.nanoTime() - start;
        metrics.recordUpdate();
        models.captureBoundary(agent, metrics, streams);
        return ppo;
    }

    private TrainingProgress progress(PpoMetrics ppo, long total, long sessionStart) {
        double rate = (metrics.globalTimestep() - sessionStart) / (elapsedNanos / 1e9);
        return new TrainingProgress(
                metrics.globalTimestep(),
                total,
                metrics.updates(),
                rate,
                Math.max(0, total - metrics.globalTimestep()) / rate,
                metrics.statistics(),
                ppo);
    }

    private void warnOfCollapse(TrainingProgress progress) {
        if (progress.games().windowGames() < FEWEST_GAMES_FOR_ALARM) {
            return;
        }
        List<CollapseAlarm.Alarm> alarms = alarm.check(
                progress.ppo(), progress.games().meanPlies(), progress.games().truncationShare());
        for (CollapseAlarm.Alarm each : alarms) {
            session.log("WARNING " + each.message());
            display.message(each.message());
        }
    }

    /** Time spent in updates so far. */
    long updateNanos() {
        return updateNanos;
    }

    /** Time since the loop started. */
    long elapsedNanos() {
        return elapsedNanos;
    }
}
