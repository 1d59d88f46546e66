package keisei.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import keisei.device.Device;

/** Compares what a device computed with a case's truth, and reports all differences at once. */
final class Comparison {
    private final GoldenCase golden;
    private final boolean exact;
    private final List<String> failures = new ArrayList<>();
    private int compared;

    Comparison(Device device, GoldenCase golden) {
        this.golden = golden;
        this.exact = device.realType() == DType.F64;
    }

    /** Whether the device computes in float64. */
    boolean exact() {
        return exact;
    }

    /** Relative L2: 1e-9 in float64, max(8 x libtorch's, 2e-6) in float32. */
    void check(String file, double[] actual) {
        double tolerance = exact ? 1e-9 : Math.max(8 * golden.torchError(file), 2e-6);
        double[] truth = golden.read(file).values();
        if (!comparable(file, truth, actual)) {
            return;
        }
        double error = 0;
        double size = 0;
        for (int i = 0; i < truth.length; i++) {
            if (Double.isInfinite(truth[i])) {
                if (truth[i] != actual[i]) {
                    failures.add("%s[%d] is %s, must be %s".formatted(file, i, actual[i], truth[i]));
                }
                continue;
            }
            error += (actual[i] - truth[i]) * (actual[i] - truth[i]);
            size += truth[i] * truth[i];
        }
        double relative = size == 0 ? Math.sqrt(error) : Math.sqrt(error / size);
        if (!(relative <= tolerance)) {
            failures.add("%s: relative L2 error %.3e, allowed %.3e".formatted(file, relative, tolerance));
        }
    }

    /** Largest absolute difference. */
    void checkAbsolute(String file, double[] actual, double tolerance) {
        double[] truth = golden.read(file).values();
        if (!comparable(file, truth, actual)) {
            return;
        }
        for (int i = 0; i < truth.length; i++) {
            if (!(Math.abs(actual[i] - truth[i]) <= tolerance)) {
                failures.add("%s[%d] is %s, must be %s within %s".formatted(file, i, actual[i], truth[i], tolerance));
                return;
            }
        }
    }

    private boolean comparable(String file, double[] truth, double[] actual) {
        compared++;
        if (truth.length != actual.length) {
            failures.add("%s has %d elements, the device gave %d".formatted(file, truth.length, actual.length));
        }
        return truth.length == actual.length;
    }

    /** Fails with everything that differed. */
    void report() {
        assertThat(compared).as("tensors compared in " + golden.name()).isPositive();
        assertThat(failures).as(golden.name()).isEmpty();
    }
}
