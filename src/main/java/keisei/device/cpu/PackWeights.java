package keisei.device.cpu;

import java.util.Arrays;

/** Makes the forms of weights that the kernels compute with, one panel of columns a task. */
final class PackWeights {
    private static final int L = Lanes.COUNT;
    private static final int PANEL = Lanes.PANEL;

    private final Workers workers;
    private final float[][] taps;
    private final float[][] tile;
    private final Task transposedPanel = this::transposedPanel;
    private final Task plainPanel = this::plainPanel;
    private final Task forwardFilters = this::forwardFilters;
    private final Task backwardFilters = this::backwardFilters;

    private float[] source = Operands.NONE;
    private int offset;
    private int rows;
    private int columns;
    private float[] packed = Operands.NONE;

    PackWeights(Workers workers) {
        this.workers = workers;
        taps = new float[workers.threads()][0];
        tile = new float[workers.threads()][Winograd.TILE_SCRATCH];
    }

    private static int panels(int columns) {
        return (columns + PANEL - 1) / PANEL;
    }

    /** Elements of {@code columns} columns of length {@code depth} in panels. */
    static int packedLength(int depth, int columns) {
        return panels(columns) * PANEL * depth;
    }

    private void begin(float[] source, int offset, int rows, int columns, float[] packed) {
        this.source = source;
        this.offset = offset;
        this.rows = rows;
        this.columns = columns;
        this.packed = packed;
    }

    /** Packs the transpose of {@code source[rows, columns]}: panels of rows, {@code [rows/PANEL][columns][PANEL]}. */
    void transposed(float[] source, int offset, int rows, int columns, float[] packed) {
        begin(source, offset, rows, columns, packed);
        workers.run(transposedPanel, panels(rows));
    }

    private void transposedPanel(int panel, int worker) {
        int from = panel * PANEL;
        int width = Math.min(PANEL, rows - from);
        int to = from * columns;
        if (width < PANEL) {
            Arrays.fill(packed, to, to + PANEL * columns, 0f);
        }
        for (int r = 0; r < width; r++) {
            int at = offset + (from + r) * columns;
            for (int c = 0; c < columns; c++) {
                packed[to + c * PANEL + r] = source[at + c];
            }
        }
    }

    /** Packs {@code source[rows, columns]} as it is: panels of columns, {@code [columns/PANEL][rows][PANEL]}. */
    void plain(float[] source, int offset, int rows, int columns, float[] packed) {
        begin(source, offset, rows, columns, packed);
        workers.run(plainPanel, panels(columns));
    }

    private void plainPanel(int panel, int worker) {
        plainPanel(source, offset, rows, columns, panel * PANEL, PANEL, packed, panel * PANEL * rows);
    }

    /** Packs the columns from {@code from} on, {@code width} of them or zeros, as {@code [rows][width]}. */
    static void plainPanel(
            float[] source, int offset, int rows, int columns, int from, int width, float[] packed, int to) {
        int count = Math.min(width, columns - from);
        for (int r = 0; r < rows; r++) {
            int at = to + r * width;
            System.arraycopy(source, offset + r * columns + from, packed, at, count);
            if (count < width) {
                Arrays.fill(packed, at + count, at + width, 0f);
            }
        }
    }

    /** Transforms filters {@code [K, 3, 3, C]} to {@code [25][K/PANEL][C][PANEL]}. */
    void filtersForward(float[] source, int offset, int outChannels, int inChannels, float[] packed) {
        begin(source, offset, outChannels, inChannels, packed);
        workers.run(forwardFilters, panels(outChannels));
    }

    /** One panel of output channels: the filters are transposed first, so that vectors run over output channels. */
    private void forwardFilters(int panel, int worker) {
        int from = panel * PANEL;
        int width = Math.min(PANEL, rows - from);
        int tapStride = columns * PANEL;
        taps[worker] = Lanes.grown(taps[worker], 9 * tapStride);
        float[] own = taps[worker];
        if (width < PANEL) {
            Arrays.fill(own, 0, 9 * tapStride, 0f);
        }
        for (int k = 0; k < width; k++) {
            for (int tap = 0; tap < 9; tap++) {
                int at = offset + ((from + k) * 9 + tap) * columns;
                for (int c = 0; c < columns; c++) {
                    own[(tap * columns + c) * PANEL + k] = source[at + c];
                }
            }
        }
        int planeStride = panels(rows) * tapStride;
        for (int c = 0; c < columns; c++) {
            for (int half = 0; half < PANEL; half += L) {
                int to = panel * tapStride + c * PANEL + half;
                Winograd.weightTile(own, c * PANEL + half, tapStride, false, packed, to, planeStride, tile[worker]);
            }
        }
    }

    /** Transforms filters {@code [K, 3, 3, C]}, rotated by 180 degrees, to {@code [25][C/PANEL][K][PANEL]}. */
    void filtersBackward(float[] source, int offset, int outChannels, int inChannels, float[] packed) {
        begin(source, offset, outChannels, inChannels, packed);
        workers.run(backwardFilters, panels(inChannels));
    }

    private void backwardFilters(int panel, int worker) {
        int from = panel * PANEL;
        int width = Math.min(PANEL, columns - from);
        taps[worker] = Lanes.grown(taps[worker], 9 * PANEL);
        float[] own = taps[worker];
        Arrays.fill(own, 0, 9 * PANEL, 0f);
        int planeStride = panels(columns) * PANEL * rows;
        for (int k = 0; k < rows; k++) {
            for (int tap = 0; tap < 9; tap++) {
                System.arraycopy(source, offset + (k * 9 + tap) * columns + from, own, tap * PANEL, width);
            }
            for (int half = 0; half < PANEL; half += L) {
                int to = (panel * rows + k) * PANEL + half;
                Winograd.weightTile(own, half, PANEL, true, packed, to, planeStride, tile[worker]);
            }
        }
    }
}
