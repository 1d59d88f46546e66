package keisei.training;

import java.io.Console;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import keisei.config.DisplayConfig;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;
import org.jspecify.annotations.Nullable;

/**
 * The live view on a terminal: progress, throughput, metrics with trends, results, a board. The training thread calls
 * {@link #isDue}, {@link #show} and {@link #update}; a thread of its own draws.
 */
final class LiveView implements AutoCloseable {
    private static final String BARS = "▁▂▃▄▅▆▇█";

    private final Terminal terminal;
    private final Display display;
    private final String runName;
    private final long totalTimesteps;
    private final long refreshNanos;
    private final int trendWidth;
    private final boolean trends;
    private final boolean unicodePieces;
    private final Thread painter;
    private final AtomicReference<@Nullable List<String>> frame = new AtomicReference<>();
    private final Deque<TrainingProgress> history = new ArrayDeque<>();
    private volatile boolean closed;
    private long lastNanos;

    /** A view, or null where the output is no terminal that can move its cursor (or the configuration says never). */
    static @Nullable LiveView open(DisplayConfig config, double refreshPerSecond, String runName, long totalTimesteps) {
        if (config.live().equals("never") || (config.live().equals("auto") && !isTerminal())) {
            return null;
        }
        try {
            Terminal terminal =
                    TerminalBuilder.builder().system(true).dumb(true).build();
            boolean capable = !terminal.getType().startsWith(Terminal.TYPE_DUMB);
            if (!capable) {
                terminal.close();
                return null;
            }
            return new LiveView(terminal, config, refreshPerSecond, runName, totalTimesteps);
        } catch (IOException e) {
            return null;
        }
    }

    private static boolean isTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    private LiveView(
            Terminal terminal, DisplayConfig config, double refreshPerSecond, String runName, long totalTimesteps) {
        this.terminal = terminal;
        this.display = new Display(terminal, false);
        this.runName = runName;
        this.totalTimesteps = totalTimesteps;
        this.refreshNanos = (long) (1e9 / refreshPerSecond);
        this.trendWidth = config.sparklineWidth();
        this.trends = config.enableTrendVisualization();
        this.unicodePieces = config.boardUnicodePieces();
        this.painter = Thread.ofPlatform().daemon().name("keisei-display").start(this::paintUntilClosed);
    }

    /** Whether it is time to draw again. */
    boolean isDue() {
        return System.nanoTime() - lastNanos >= refreshNanos;
    }

    /** Keeps the figures of an update. */
    void update(TrainingProgress progress) {
        history.addLast(progress);
        if (history.size() > trendWidth) {
            history.removeFirst();
        }
    }

    /** Hands a frame to the painter. */
    void show(long timestep, String sfen, String message) {
        lastNanos = System.nanoTime();
        List<String> lines = new ArrayList<>();
        double share = Math.min(1, (double) timestep / totalTimesteps);
        int width = 40;
        int filled = (int) (share * width);
        lines.add("Keisei  " + runName);
        lines.add(String.format(
                Locale.ROOT,
                "[%s%s] %5.1f%%  %,d / %,d steps",
                "█".repeat(filled),
                "░".repeat(width - filled),
                100 * share,
                timestep,
                totalTimesteps));
        TrainingProgress latest = history.peekLast();
        if (latest != null) {
            lines.add(String.format(
                    Locale.ROOT,
                    "%,.0f steps/s   ETA %s   updates %d   learning rate %.2e",
                    latest.stepsPerSecond(),
                    DisplayManager.duration(latest.remainingSeconds()),
                    latest.updates(),
                    latest.ppo().learningRate()));
            lines.add(String.format(
                    Locale.ROOT,
                    "games %,d   Black %.0f%%  White %.0f%%  draw %.0f%%  cut off %.0f%%   mean plies %.1f",
                    latest.games().episodes(),
                    100 * latest.games().blackWinShare(),
                    100 * latest.games().whiteWinShare(),
                    100 * latest.games().drawShare(),
                    100 * latest.games().truncationShare(),
                    latest.games().meanPlies()));
            lines.add("");
            metric(lines, "policy loss", p -> p.ppo().policyLoss());
            metric(lines, "value loss", p -> p.ppo().valueLoss());
            metric(lines, "entropy", p -> p.ppo().entropy());
            metric(lines, "KL", p -> p.ppo().klLowVariance());
            metric(lines, "clip fraction", p -> p.ppo().clipFraction());
            metric(lines, "explained var", p -> p.ppo().explainedVariance());
            metric(lines, "gradient norm", p -> p.ppo().gradientNorm());
        }
        if (!sfen.isEmpty()) {
            lines.add("");
            lines.addAll(BoardText.lines(sfen, unicodePieces));
        }
        if (!message.isEmpty()) {
            lines.add("");
            lines.add(message);
        }
        frame.set(lines);
    }

    private void metric(List<String> lines, String name, java.util.function.ToDoubleFunction<TrainingProgress> value) {
        TrainingProgress latest = history.getLast();
        double[] values = history.stream().mapToDouble(value).toArray();
        lines.add(String.format(
                Locale.ROOT, "%-14s %10.4f  %s", name, value.applyAsDouble(latest), trends ? sparkline(values) : ""));
    }

    /** A row of bars from the smallest to the largest value; a constant row is low. */
    static String sparkline(double[] values) {
        double low = Double.POSITIVE_INFINITY;
        double high = Double.NEGATIVE_INFINITY;
        for (double value : values) {
            if (Double.isFinite(value)) {
                low = Math.min(low, value);
                high = Math.max(high, value);
            }
        }
        StringBuilder bars = new StringBuilder();
        for (double value : values) {
            if (!Double.isFinite(value)) {
                bars.append(' ');
                continue;
            }
            // Halves, because the difference of two doubles may be too large for one.
            double share = high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0;
            bars.append(BARS.charAt((int) Math.min(BARS.length() - 1, share * BARS.length())));
        }
        return bars.toString();
    }

    private void paintUntilClosed() {
        while (!closed) {
            List<String> lines = frame.getAndSet(null);
            if (lines != null) {
                paint(lines);
            }
            try {
                Thread.sleep(Math.max(1, refreshNanos / 2_000_000));
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void paint(List<String> lines) {
        int columns = terminal.getWidth() > 0 ? terminal.getWidth() : 80;
        int rows = terminal.getHeight() > 0 ? terminal.getHeight() : 24;
        List<AttributedString> shown = new ArrayList<>();
        for (String line : lines) {
            if (shown.size() < rows - 1) {
                shown.add(new AttributedString(line).columnSubSequence(0, columns));
            }
        }
        display.resize(rows, columns);
        display.update(shown, 0);
        terminal.flush();
    }

    /** Draws the last frame and gives the terminal back. */
    @Override
    public void close() {
        closed = true;
        painter.interrupt();
        try {
            painter.join(500);
            List<String> last = frame.getAndSet(null);
            if (last != null) {
                paint(last);
            }
            terminal.writer().println();
            terminal.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot close the terminal", e);
        }
    }
}
