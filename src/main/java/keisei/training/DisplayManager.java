package keisei.training;

import java.io.PrintWriter;
import java.util.Locale;
import keisei.config.DisplayConfig;
import org.jspecify.annotations.Nullable;

/**
 * What the user sees while a run trains: a live view on a terminal, otherwise one line an update. The training thread
 * hands over what there is to see; a thread of the view's own draws it, at most {@code refresh_per_second} times a
 * second.
 */
public final class DisplayManager implements AutoCloseable {
    private final PrintWriter out;
    private final int renderEvery;
    private final @Nullable LiveView live;
    private final BoardSource board;
    private final boolean showBoard;
    private String message = "";
    private long rounds;
    private boolean closed;

    /** Where the view gets a board from, on the training thread. */
    @FunctionalInterface
    interface BoardSource {
        /** The board of one running game as SFEN. */
        String sfen();
    }

    /**
     * @param out for plain lines
     * @param renderEvery rounds between two looks at whether it is time to draw
     */
    DisplayManager(
            DisplayConfig config,
            double refreshPerSecond,
            int renderEvery,
            String runName,
            long totalTimesteps,
            BoardSource board,
            PrintWriter out) {
        this.out = out;
        this.renderEvery = renderEvery;
        this.board = board;
        this.showBoard = config.enableBoardDisplay();
        this.live = LiveView.open(config, refreshPerSecond, runName, totalTimesteps);
    }

    /** Whether there is a live view. */
    public boolean isLive() {
        return live != null;
    }

    /** Shows progress inside a rollout; costs nothing when it is not time to draw. */
    void afterStep(long timestep) {
        if (live != null && ++rounds % renderEvery == 0 && live.isDue()) {
            live.show(timestep, showBoard ? board.sfen() : "", message);
        }
    }

    /** Shows the figures of an update. */
    void afterUpdate(TrainingProgress progress) {
        if (live != null) {
            live.update(progress);
        } else {
            out.println(line(progress));
            out.flush();
        }
    }

    /** Shows a message until the next one. */
    void message(String text) {
        message = text;
        if (live == null) {
            out.println(text);
            out.flush();
        }
    }

    /** One line with everything that matters. */
    static String line(TrainingProgress p) {
        return String.format(
                Locale.ROOT,
                "%d/%d steps  %.0f/s  ETA %s | games %d  B %.0f%% W %.0f%% D %.0f%% cut %.0f%%  plies %.1f | "
                        + "policy %.4f value %.4f entropy %.3f KL %.4f clip %.3f EV %.2f grad %.2f lr %.1e",
                p.timestep(),
                p.totalTimesteps(),
                p.stepsPerSecond(),
                duration(p.remainingSeconds()),
                p.games().episodes(),
                100 * p.games().blackWinShare(),
                100 * p.games().whiteWinShare(),
                100 * p.games().drawShare(),
                100 * p.games().truncationShare(),
                p.games().meanPlies(),
                p.ppo().policyLoss(),
                p.ppo().valueLoss(),
                p.ppo().entropy(),
                p.ppo().klLowVariance(),
                p.ppo().clipFraction(),
                p.ppo().explainedVariance(),
                p.ppo().gradientNorm(),
                p.ppo().learningRate());
    }

    /** Hours, minutes, seconds. */
    static String duration(double seconds) {
        if (!Double.isFinite(seconds)) {
            return "?";
        }
        long s = Math.round(seconds);
        return s >= 3600
                ? "%d:%02d:%02d".formatted(s / 3600, s / 60 % 60, s % 60)
                : "%d:%02d".formatted(s / 60, s % 60);
    }

    @Override
    public void close() {
        if (live != null && !closed) {
            closed = true;
            live.close();
        }
    }
}
