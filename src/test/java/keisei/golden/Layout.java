package keisei.golden;

/** Between PyTorch's layouts and the engine's. */
final class Layout {
    private Layout() {}

    /** {@code [N][C][spatial]} to {@code [N][spatial][padded]}, padding 0; also for weights {@code [K][C][R*S]}. */
    static double[] channelsLast(double[] values, int n, int channels, int spatial, int padded) {
        double[] result = new double[n * spatial * padded];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < channels; c++) {
                for (int s = 0; s < spatial; s++) {
                    result[(i * spatial + s) * padded + c] = values[(i * channels + c) * spatial + s];
                }
            }
        }
        return result;
    }

    /** {@code [N][spatial][C]} to {@code [N][C][spatial]}. */
    static double[] channelsFirst(double[] values, int n, int channels, int spatial) {
        double[] result = new double[values.length];
        for (int i = 0; i < n; i++) {
            for (int c = 0; c < channels; c++) {
                for (int s = 0; s < spatial; s++) {
                    result[(i * channels + c) * spatial + s] = values[(i * spatial + s) * channels + c];
                }
            }
        }
        return result;
    }

    /** Rows of 0/1 to words of 32 bits. */
    static int[] maskWords(double[] mask, int rows, int actions) {
        int words = (actions + 31) / 32;
        int[] result = new int[rows * words];
        for (int n = 0; n < rows; n++) {
            for (int a = 0; a < actions; a++) {
                if (mask[n * actions + a] != 0) {
                    result[n * words + a / 32] |= 1 << (a % 32);
                }
            }
        }
        return result;
    }
}
