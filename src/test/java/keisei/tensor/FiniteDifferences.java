package keisei.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.DoubleSupplier;
import keisei.device.Slice;

/** Gradients by central differences, for the float64 reference device. */
public final class FiniteDifferences {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-6;

    private FiniteDifferences() {}

    /**
     * Asserts that {@code gradient} is the gradient of {@code loss} by {@code values}, element by element, within 1e-6
     * of the largest element (or of 1).
     *
     * @param loss recomputes the loss from what lies on the device
     * @param stride checks each stride-th element
     */
    public static void check(String what, Slice values, double[] gradient, int stride, DoubleSupplier loss) {
        double[] start = HostTransfer.readDoubles(values);
        double scale = 1;
        for (double g : gradient) {
            scale = Math.max(scale, Math.abs(g));
        }
        for (int i = 0; i < start.length; i += stride) {
            double up = at(values, start, i, STEP, loss);
            double down = at(values, start, i, -STEP, loss);
            assertThat(Math.abs((up - down) / (2 * STEP) - gradient[i]) / scale)
                    .as(
                            "%s: gradient of element %d is %s, differences give %s",
                            what, i, gradient[i], (up - down) / (2 * STEP))
                    .isLessThan(TOLERANCE);
        }
        HostTransfer.write(values, start);
    }

    private static double at(Slice values, double[] start, int index, double move, DoubleSupplier loss) {
        double[] moved = start.clone();
        moved[index] += move;
        HostTransfer.write(values, moved);
        return loss.getAsDouble();
    }
}
