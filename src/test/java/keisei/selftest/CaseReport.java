package keisei.selftest;

import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** One line for each case as soon as it ends, and the counts. */
final class CaseReport implements TestExecutionListener {
    private static final int MOST_REASON_LINES = 3;

    private final PrintWriter out;
    private final Map<String, Long> startNanos = new HashMap<>();
    private @Nullable TestPlan plan;
    private int passed;
    private int failed;
    private int skipped;

    CaseReport(PrintWriter out) {
        this.out = out;
    }

    @Override
    public void testPlanExecutionStarted(TestPlan started) {
        plan = started;
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        startNanos.put(test.getUniqueId(), System.nanoTime());
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        skipped++;
        out.printf("skip %s: %s%n", name(test), reason);
        out.flush();
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        long nanos = System.nanoTime() - startNanos.getOrDefault(test.getUniqueId(), System.nanoTime());
        Optional<Throwable> cause = result.getThrowable();
        switch (result.getStatus()) {
            case SUCCESSFUL -> {
                // Classes and factories are no cases.
                if (test.isTest()) {
                    passed++;
                    out.printf(Locale.ROOT, "ok   %s (%.1f s)%n", name(test), nanos / 1e9);
                }
            }
            case ABORTED -> {
                skipped++;
                out.printf("skip %s: %s%n", name(test), reason(cause));
            }
            case FAILED -> {
                failed++;
                out.printf(Locale.ROOT, "FAIL %s (%.1f s): %s%n", name(test), nanos / 1e9, reason(cause));
            }
        }
        out.flush();
    }

    /** The names of the containers and of the case, from the class on. */
    private String name(TestIdentifier test) {
        Deque<String> parts = new ArrayDeque<>();
        Optional<TestIdentifier> each = Optional.of(test);
        while (each.isPresent() && each.get().getParentId().isPresent()) {
            parts.addFirst(each.get().getDisplayName());
            TestIdentifier child = each.get();
            each = plan == null ? Optional.empty() : plan.getParent(child);
        }
        return String.join(" > ", parts);
    }

    private static String reason(Optional<Throwable> cause) {
        if (cause.isEmpty()) {
            return "no reason given";
        }
        Throwable thrown = cause.get();
        String text = thrown instanceof AssertionError && thrown.getMessage() != null
                ? thrown.getMessage()
                : thrown.toString();
        return String.join(
                "; ",
                text.lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .limit(MOST_REASON_LINES)
                        .toList());
    }

    /** Whether cases were run and none failed. */
    boolean isGood() {
        return failed == 0 && passed > 0;
    }

    /** The counts, and what no case at all means. */
    String summary() {
        return "%d ok, %d failed, %d skipped%s"
                .formatted(passed, failed, skipped, passed + failed == 0 ? ": nothing was tested" : "");
    }
}
