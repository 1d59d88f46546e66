package keisei.bench;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import keisei.device.cpu.CpuDevice;

/**
 * The speeds of this machine as a Markdown table: rules, environment, network and the whole training loop. Rates are
 * medians of seven samples after a warm-up; shares of the peak refer to the multiply-add rate measured in the same run.
 */
public final class SpeedTable {
    private static final int ENVIRONMENT_GAMES = 256;

    /** Parts of the table. */
    public enum Section {
        /** Legal moves on one thread. */
        RULES,
        /** Environment steps on one core. */
        ENVIRONMENT,
        /** Inference and training steps of two towers. */
        NETWORK,
        /** A short run of the default preset. */
        LOOP
    }

    private final String header;
    private final List<SpeedRow> rows;

    private SpeedTable(String header, List<SpeedRow> rows) {
        this.header = header;
        this.rows = List.copyOf(rows);
    }

    /**
     * Measures; takes a few minutes for all sections.
     *
     * @param sections what to measure; empty: everything
     * @param threads of the network and the loop
     * @throws InterruptedException when the waiting thread is interrupted
     */
    public static SpeedTable measure(Set<Section> sections, int threads) throws InterruptedException {
        Set<Section> wanted = sections.isEmpty() ? EnumSet.allOf(Section.class) : sections;
        List<SpeedRow> rows = new ArrayList<>();
        double peakOne = MachinePeak.gigaflops(1);
        double peak = MachinePeak.gigaflops(threads);
        rows.add(new SpeedRow("multiply-add peak, 1 thread", peakOne * 1e9, "FLOP/s"));
        rows.add(new SpeedRow("multiply-add peak, %d threads".formatted(threads), peak * 1e9, "FLOP/s"));
        if (wanted.contains(Section.RULES)) {
            rows.addAll(RulesBench.run());
        }
        if (wanted.contains(Section.ENVIRONMENT)) {
            rows.addAll(EnvironmentBench.run(ENVIRONMENT_GAMES));
        }
        String device;
        try (CpuDevice cpu = new CpuDevice(threads)) {
            device = cpu.description();
            if (wanted.contains(Section.NETWORK)) {
                rows.addAll(NetworkBench.run(cpu, peak, 4, 64, 64, 256));
                rows.addAll(NetworkBench.run(cpu, peak, 9, 256, 64, 256));
            }
        }
        if (wanted.contains(Section.LOOP)) {
            rows.addAll(LoopBench.run(threads));
        }
        return new SpeedTable("%s, JDK %s".formatted(device, Runtime.version()), rows);
    }

    /** What was measured. */
    public List<SpeedRow> rows() {
        return rows;
    }

    /** The table with a header line that names the machine. */
    public String format() {
        StringBuilder text =
                new StringBuilder(header).append("\n\n| what | rate | unit | note |\n|---|---:|---|---|\n");
        for (SpeedRow row : rows) {
            text.append(
                    "| %s | %s | %s | %s |\n".formatted(row.what(), withPrefix(row.rate()), row.unit(), row.note()));
        }
        return text.toString();
    }

    private static String withPrefix(double rate) {
        if (rate >= 1e9) {
            return String.format(Locale.ROOT, "%.1f G", rate / 1e9);
        }
        if (rate >= 1e6) {
            return String.format(Locale.ROOT, "%.2f M", rate / 1e6);
        }
        return rate >= 1e4
                ? String.format(Locale.ROOT, "%.1f k", rate / 1e3)
                : String.format(Locale.ROOT, "%.1f", rate);
    }
}
