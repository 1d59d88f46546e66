package keisei.device;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import keisei.device.reference.ReferenceDevice;

/**
 * What every device must do. The tests of each topic are default methods of an interface that extends this one; a
 * device's test class implements all of them and says how to open the device.
 */
interface Conformance {
    /** Opens the device under test. @param threads how many threads it may use, where that means something */
    Device open(int threads);

    /** The most that a result may differ from float64, as relative L2; convolutions may differ 1.5 times as much. */
    default double tolerance() {
        return 2e-6;
    }

    /**
     * Type of the device's activations. With F16 their numbers are rounded before, and results that are activations (or
     * computed from rounded copies) are held to {@link #roundedTolerance()} instead.
     */
    default DType activations() {
        return DType.F32;
    }

    /** The most that a rounded result may differ from float64, as a share of its largest magnitude. */
    default double roundedTolerance() {
        return 2e-2;
    }

    /** Elements before each operand in its buffer: 5, or 16 for operands at multiples of 16 bytes. */
    default int leading() {
        return 5;
    }

    /** How many numbers of threads are tried. */
    default int mostThreads() {
        return 3;
    }

    /**
     * Runs an operation on the reference and on this device with 1 to {@link #mostThreads} threads: its outputs must be
     * close to the reference's, and the same bit for bit for every number of threads.
     */
    default void agrees(String what, double tolerance, long seed, Consumer<Trial> operation) {
        Map<String, double[]> expected;
        try (ReferenceDevice reference = new ReferenceDevice()) {
            expected = run(reference, seed, operation).results();
        }
        Map<String, double[]> first = new LinkedHashMap<>();
        for (int threads = 1; threads <= mostThreads(); threads++) {
            Outcome outcome;
            try (Device device = open(threads)) {
                outcome = run(device, seed, operation);
            }
            Map<String, double[]> actual = outcome.results();
            if (threads == 1) {
                first.putAll(actual);
                expected.forEach((name, values) -> {
                    double[] own = Objects.requireNonNull(actual.get(name));
                    if (outcome.rounded().contains(name)) {
                        closeToLargest(what + ": " + name, roundedTolerance(), values, own);
                    } else {
                        close(what + ": " + name, tolerance, values, own);
                    }
                });
            } else {
                int count = threads;
                first.forEach((name, values) -> identical(
                        what + ": " + name + " with " + count + " threads",
                        values,
                        Objects.requireNonNull(actual.get(name))));
            }
        }
    }

    /** Outputs by name, and the names of those that are rounded. */
    record Outcome(Map<String, double[]> results, Set<String> rounded) {}

    private Outcome run(Device device, long seed, Consumer<Trial> operation) {
        try (Trial trial = new Trial(device, new Trial.Storage(activations(), leading()), seed)) {
            operation.accept(trial);
            device.synchronize();
            Map<String, double[]> results = trial.results();
            if (results.isEmpty()) {
                throw new AssertionError("the operation compares nothing");
            }
            Set<String> rounded =
                    results.keySet().stream().filter(trial::isRounded).collect(Collectors.toSet());
            return new Outcome(results, rounded);
        }
    }

    private static void closeToLargest(String what, double tolerance, double[] expected, double[] actual) {
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            // A NaN stays one.
            difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
        }
        if (!(difference <= tolerance * largest)) {
            throw new AssertionError("%s differs by %.3g, at most %.3g of its largest magnitude %.3g allowed"
                    .formatted(what, difference, tolerance, largest));
        }
    }

    private static void close(String what, double tolerance, double[] expected, double[] actual) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            if (Double.isFinite(expected[i])) {
                difference += (expected[i] - actual[i]) * (expected[i] - actual[i]);
                norm += expected[i] * expected[i];
            } else if (Double.compare(expected[i], actual[i]) != 0) {
                throw new AssertionError("%s[%d] is %s, not %s".formatted(what, i, actual[i], expected[i]));
            }
        }
        double error = norm == 0 ? Math.sqrt(difference) : Math.sqrt(difference / norm);
        if (!(error <= tolerance)) {
            throw new AssertionError(
                    "%s differs by %.3g relative L2, at most %.3g allowed".formatted(what, error, tolerance));
        }
    }

    private static void identical(String what, double[] expected, double[] actual) {
        for (int i = 0; i < expected.length; i++) {
            if (Double.doubleToRawLongBits(expected[i]) != Double.doubleToRawLongBits(actual[i])) {
                throw new AssertionError(
                        "%s: element %d is %s, and with one thread %s".formatted(what, i, actual[i], expected[i]));
            }
        }
    }

    /** Random shapes: calls the body with a fresh generator per case. */
    static void cases(int count, long seed, Consumer<Random> body) {
        for (int i = 0; i < count; i++) {
            body.accept(new Random(seed * 1000 + i));
        }
    }
}
