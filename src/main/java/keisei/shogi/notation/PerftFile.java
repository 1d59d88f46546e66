package keisei.shogi.notation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import keisei.shogi.Perft;
import keisei.shogi.Position;
import keisei.shogi.Variant;

/**
 * Known leaf counts: a tab-separated file whose header names the columns {@code id}, {@code sfen} and {@code d1},
 * {@code d2}... (an empty cell is an unknown count); other columns are not read.
 *
 * @param rows the positions in the order of the file
 */
public record PerftFile(List<Row> rows) {
    private static final int MAX_DEPTH = 20;

    /** Copies the list. */
    public PerftFile {
        rows = List.copyOf(rows);
    }

    /**
     * One position.
     *
     * @param id its name in the file
     * @param position the position; owned by this row
     * @param counts the known counts
     */
    public record Row(String id, Position position, List<Known> counts) {
        /** Copies the list. */
        public Row {
            counts = List.copyOf(counts);
        }
    }

    /**
     * A known count.
     *
     * @param depth moves in sequence
     * @param leaves sequences of that length
     */
    public record Known(int depth, long leaves) {}

    /**
     * A row after counting.
     *
     * @param row the row
     * @param actual the counts found, in the order of the row's first {@code actual.size()} counts
     */
    public record Result(Row row, List<Known> actual) {
        /** Copies the list. */
        public Result {
            actual = List.copyOf(actual);
        }

        /** Whether every count is the known one. */
        public boolean ok() {
            return actual.equals(row.counts().subList(0, actual.size()));
        }

        /** Leaves counted. */
        public long leaves() {
            return actual.stream().mapToLong(Known::leaves).sum();
        }
    }

    /**
     * Reads a file.
     *
     * @throws IOException when it cannot be read
     * @throws IllegalArgumentException when a line is malformed; the message names line and column
     */
    public static PerftFile read(Path file, Variant variant) throws IOException {
        List<String> lines = Files.readAllLines(file);
        if (lines.isEmpty()) {
            throw new IllegalArgumentException(file + " is empty, a header line with id, sfen and d1... is needed");
        }
        List<String> header = List.of(lines.getFirst().split("\t", -1));
        int id = column(file, header, "id");
        int sfen = column(file, header, "sfen");
        int first = column(file, header, "d1");
        List<Row> rows = new ArrayList<>();
        for (int i = 1; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                String[] cells = lines.get(i).split("\t", -1);
                String where = file + " line " + (i + 1);
                if (cells.length <= Math.max(first, Math.max(id, sfen))) {
                    throw new IllegalArgumentException(
                            where + " has " + cells.length + " columns, its header has " + header.size());
                }
                rows.add(new Row(cells[id], position(where, variant, cells[sfen]), counts(where, header, cells)));
            }
        }
        return new PerftFile(rows);
    }

    /**
     * Counts every row down to a depth, several rows at once.
     *
     * @param maxDepth known counts of greater depth are left out
     * @param threads how many rows at once, at least 1
     * @param sink receives the results in the order of the file, as soon as they are there, on the calling thread
     */
    public void check(int maxDepth, int threads, Consumer<Result> sink) throws InterruptedException {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", it must be at least 1");
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<Result>> results = new ArrayList<>();
            for (Row row : rows) {
                results.add(pool.submit(() -> count(row, maxDepth)));
            }
            for (Future<Result> result : results) {
                sink.accept(result.get());
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException("counting failed", e.getCause());
        }
    }

    private static Result count(Row row, int maxDepth) {
        List<Known> actual = new ArrayList<>();
        for (Known known : row.counts()) {
            if (known.depth() <= maxDepth) {
                actual.add(new Known(known.depth(), Perft.count(row.position(), known.depth())));
            }
        }
        return new Result(row, actual);
    }

    private static int column(Path file, List<String> header, String name) {
        int index = header.indexOf(name);
        if (index < 0) {
            throw new IllegalArgumentException(
                    file + " line 1 has no column \"" + name + "\", it has " + String.join(", ", header));
        }
        return index;
    }

    private static Position position(String where, Variant variant, String sfen) {
        try {
            return Sfen.parse(variant, sfen);
        } catch (NotationException e) {
            throw new IllegalArgumentException(where + ": " + e.getMessage(), e);
        }
    }

    private static List<Known> counts(String where, List<String> header, String[] cells) {
        List<Known> counts = new ArrayList<>();
        for (int depth = 1; depth <= MAX_DEPTH; depth++) {
            int column = header.indexOf("d" + depth);
            if (column < 0 || column >= cells.length || cells[column].isEmpty()) {
                continue;
            }
            try {
                counts.add(new Known(depth, Long.parseLong(cells[column])));
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(
                        where + " column d" + depth + " is \"" + cells[column] + "\", it must be a whole number", e);
            }
        }
        return counts;
    }
}
