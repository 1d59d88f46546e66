package keisei.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import keisei.shogi.Perft;
import keisei.shogi.Position;
import keisei.shogi.Variant;
import keisei.shogi.notation.NotationException;
import keisei.shogi.notation.PerftFile;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code keisei perft}: counts move sequences, or compares with a file of known counts. */
@Command(
        name = "perft",
        mixinStandardHelpOptions = true,
        description = "Counts the sequences of legal moves of a given length, or checks a file of known counts.",
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:counted, and all counts as known", "1:a count differs", "2:bad arguments"})
public final class PerftCommand implements Callable<Integer> {
    private static final double NANOS_PER_SECOND = 1e9;

    @Option(
            names = "--depth",
            paramLabel = "N",
            defaultValue = "5",
            description = "Moves in sequence (default: ${DEFAULT-VALUE}).")
    private int depth;

    @Option(
            names = "--variant",
            paramLabel = "NAME",
            defaultValue = "shogi",
            description = "shogi or minishogi (default: ${DEFAULT-VALUE}).")
    private String variantId = "";

    @Option(
            names = "--sfen",
            paramLabel = "SFEN",
            description = "Position to count from (default: the start position).")
    private @Nullable String sfen;

    @Option(
            names = "--file",
            paramLabel = "TSV",
            description = "File with columns id, sfen, d1, d2...: compare every count with it.")
    private @Nullable Path file;

    @Option(
            names = "--max-depth",
            paramLabel = "D",
            defaultValue = "4",
            description = "With --file: deepest count to compare (default: ${DEFAULT-VALUE}).")
    private int maxDepth;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads; they share the first moves, or the lines of a file (default: all processors).")
    private @Nullable Integer threads;

    @Option(names = "--divide", description = "Show the count below each first move.")
    private boolean divide;

    @Spec
    private @Nullable CommandSpec spec;

    /** Made by picocli, or by a test. */
    public PerftCommand() {}

    @Override
    public Integer call() throws InterruptedException {
        Variant variant = Arrays.stream(Variant.values())
                .filter(v -> v.id().equals(variantId))
                .findFirst()
                .orElseThrow(() -> wrong("--variant is \"" + variantId + "\", allowed are "
                        + Arrays.stream(Variant.values()).map(Variant::id).collect(Collectors.joining(", "))));
        int workers = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
        atLeast("--threads", workers, 1);
        atLeast("--depth", depth, divide ? 1 : 0);
        atLeast("--max-depth", maxDepth, 1);
        if (file != null) {
            if (sfen != null || divide) {
                throw wrong("--file goes with neither --sfen nor --divide");
            }
            return checkFile(file, variant, workers);
        }
        count(variant, workers);
        return 0;
    }

    private void count(Variant variant, int workers) throws InterruptedException {
        Position position;
        try {
            position = sfen == null ? new Position(variant) : Sfen.parse(variant, sfen);
        } catch (NotationException e) {
            throw wrong("--sfen: " + e.getMessage());
        }
        PrintWriter out = out();
        long begin = System.nanoTime();
        long leaves;
        if (depth > 0 && (divide || workers > 1)) {
            int[] moves = new int[Position.MAX_MOVES];
            int moveCount = position.legalMoves(moves);
            long[] below = Perft.divide(position, depth, workers);
            for (int i = 0; divide && i < moveCount; i++) {
                out.println(Usi.format(variant, moves[i]) + " " + below[i]);
            }
            leaves = Arrays.stream(below).sum();
        } else {
            leaves = Perft.count(position, depth);
        }
        out.println("perft(" + depth + ") = " + leaves + ", " + speed(leaves, System.nanoTime() - begin, workers));
        out.flush();
    }

    private int checkFile(Path path, Variant variant, int workers) throws InterruptedException {
        PerftFile known;
        try {
            known = PerftFile.read(path, variant);
        } catch (IOException e) {
            throw wrong("--file " + path + " cannot be read: " + e);
        } catch (IllegalArgumentException e) {
            throw wrong("--file: " + e.getMessage());
        }
        PrintWriter out = out();
        long begin = System.nanoTime();
        long[] totals = new long[3];
        known.check(maxDepth, workers, result -> {
            totals[0] += result.leaves();
            totals[1] += result.actual().size();
            totals[2] += result.ok() ? 0 : 1;
            out.println(describe(result));
            out.flush();
        });
        out.println(known.rows().size() + " positions, " + totals[1] + " counts, " + totals[2]
                + " positions differ; " + totals[0] + " leaves, "
                + speed(totals[0], System.nanoTime() - begin, workers));
        out.flush();
        return totals[2] == 0 ? 0 : 1;
    }

    private static String describe(PerftFile.Result result) {
        if (result.ok()) {
            int counts = result.actual().size();
            return "ok   " + result.row().id()
                    + (counts == 0
                            ? " (nothing known)"
                            : " d" + result.actual().getLast().depth());
        }
        StringBuilder text = new StringBuilder("FAIL " + result.row().id());
        for (int i = 0; i < result.actual().size(); i++) {
            PerftFile.Known expected = result.row().counts().get(i);
            PerftFile.Known actual = result.actual().get(i);
            if (!expected.equals(actual)) {
                text.append(" d" + actual.depth() + " expected " + expected.leaves() + " actual " + actual.leaves());
            }
        }
        return text.toString();
    }

    private static String speed(long leaves, long nanos, int workers) {
        double seconds = nanos / NANOS_PER_SECOND;
        return String.format(
                Locale.ROOT,
                "%.3f s, %,.0f nodes/s, %d %s",
                seconds,
                leaves / seconds,
                workers,
                workers == 1 ? "thread" : "threads");
    }

    private void atLeast(String option, int value, int minimum) {
        if (value < minimum) {
            throw wrong(option + " is " + value + ", it must be at least " + minimum);
        }
    }

    private PrintWriter out() {
        return commandLine().getOut();
    }

    private CommandLine.ParameterException wrong(String problem) {
        return new CommandLine.ParameterException(commandLine(), problem);
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("the command was not started by picocli");
        }
        return spec.commandLine();
    }
}
