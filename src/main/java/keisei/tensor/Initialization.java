package keisei.tensor;

import java.util.Arrays;
import keisei.random.RandomStream;

/**
 * PyTorch's default initialisation of convolutions and linear layers. Kaiming-uniform weights with negative slope
 * sqrt(5) and uniform biases both come to bounds of 1 / sqrt(fan-in).
 */
public final class Initialization {
    private Initialization() {}

    /** 1 / sqrt(fanIn). @throws IllegalArgumentException when {@code fanIn} is not positive */
    public static double bound(int fanIn) {
        if (fanIn < 1) {
            throw new IllegalArgumentException("fan-in " + fanIn + " must be at least 1");
        }
        return 1 / Math.sqrt(fanIn);
    }

    /**
     * Independent numbers, uniform in {@code [-bound, bound)}, drawn in index order.
     *
     * @param count how many
     * @param bound at least 0
     */
    public static float[] uniform(int count, double bound, RandomStream random) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) ((2 * random.nextDouble() - 1) * bound);
        }
        return values;
    }

    /** {@code count} times {@code value}. */
    public static float[] constant(int count, double value) {
        float[] values = new float[count];
        Arrays.fill(values, (float) value);
        return values;
    }
}
