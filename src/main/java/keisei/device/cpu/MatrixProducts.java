package keisei.device.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/** Matrix products for linear layers and 1x1 convolutions, spread over the threads by blocks of the result. */
final class MatrixProducts {
    private static final int ROWS_PER_TASK = 96;
    private static final int PANELS_PER_TASK = 4;

    /** Products summed in one chain; longer sums are sums of such chains, which keeps rounding errors small. */
    private static final int DEPTH_PER_CHAIN = 512;

    private static final int ROWS_PER_SUM = 128;

    private static final VectorSpecies<Float> S = Lanes.SPECIES;
    private static final int L = Lanes.COUNT;
    private static final int PANEL = Lanes.PANEL;

    private final Workers workers;
    private final float[][] block;
    private final float[][] packedA;
    private final Task rowBlock = this::rowBlock;
    private final Task packPanel = this::packPanel;
    private final Task columnBlock = this::columnBlock;
    private final Task sumRows = this::sumRows;

    private float[] packedB = {};
    private float[] partialSums = {};

    // The operation in progress.
    private int rows;
    private int columns;
    private int depth;
    private float[] a = Operands.NONE;
    private int ao;
    private float[] b = Operands.NONE;
    private int bo;
    private float[] c = Operands.NONE;
    private int co;
    private float[] scale = Operands.NONE;
    private int scaleOffset;
    private float[] shift = Operands.NONE;
    private int shiftOffset;
    private float[] residual = Operands.NONE;
    private int residualOffset;
    private boolean relu;

    MatrixProducts(Workers workers) {
        this.workers = workers;
        block = new float[workers.threads()][ROWS_PER_TASK * PANELS_PER_TASK * PANEL];
        packedA = new float[workers.threads()][0];
    }

    /**
     * {@code c[rows, columns] = f(scale * (a[rows, depth] b) + shift + residual)}, b packed in panels of columns.
     *
     * @param scale one a column; {@link Operands#NONE} for 1
     * @param shift one a column; {@link Operands#NONE} for 0
     * @param residual laid out as {@code c}, which it may be; {@link Operands#NONE} for 0
     */
    void product(
            int rows,
            int columns,
            int depth,
            float[] a,
            int ao,
            float[] b,
            float[] scale,
            int scaleOffset,
            float[] shift,
            int shiftOffset,
            float[] residual,
            int residualOffset,
            boolean relu,
            float[] c,
            int co) {
        this.rows = rows;
        this.columns = columns;
        this.depth = depth;
        this.a = a;
        this.ao = ao;
        this.b = b;
        this.scale = scale;
        this.scaleOffset = scaleOffset;
        this.shift = shift;
        this.shiftOffset = shiftOffset;
        this.residual = residual;
        this.residualOffset = residualOffset;
        this.relu = relu;
        this.c = c;
        this.co = co;
        workers.run(rowBlock, rowBlocks() * panelGroups());
    }

    private int rowBlocks() {
        return (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK;
    }

    private int panelGroups() {
        return (columns + PANELS_PER_TASK * PANEL - 1) / (PANELS_PER_TASK * PANEL);
    }

    private void rowBlock(int chunk, int worker) {
        float[] own = block[worker];
        int row = chunk % rowBlocks() * ROWS_PER_TASK;
        int count = Math.min(ROWS_PER_TASK, rows - row);
        int from = chunk / rowBlocks() * PANELS_PER_TASK * PANEL;
        int width = Math.min(PANELS_PER_TASK * PANEL, columns - from);
        int stride = Lanes.roundUp(width, L);
        for (int column = 0; column < width; column += PANEL) {
            for (int k = 0; k < depth; k += DEPTH_PER_CHAIN) {
                GemmKernels.rowPanel(
                        count,
                        Math.min(DEPTH_PER_CHAIN, depth - k),
                        a,
                        ao + row * depth + k,
                        depth,
                        b,
                        (from + column) * depth + k * PANEL,
                        own,
                        column,
                        stride,
                        stride - column < PANEL,
                        k > 0);
            }
        }
        for (int i = 0; i < count; i++) {
            int at = (row + i) * columns + from;
            finish(own, i * stride, width, from, at);
        }
    }

    /** Scale, shift, residual and ReLU on the way from the block to the result. */
    private void finish(float[] own, int start, int width, int from, int at) {
        if (scale.length != 0) {
            for (int j = 0; j < width; j++) {
                own[start + j] *= scale[scaleOffset + from + j];
            }
        }
        if (shift.length != 0) {
            for (int j = 0; j < width; j++) {
                own[start + j] += shift[shiftOffset + from + j];
            }
        }
        if (residual.length != 0) {
            for (int j = 0; j < width; j++) {
                own[start + j] += residual[residualOffset + at + j];
            }
        }
        if (relu) {
            for (int j = 0; j < width; j++) {
                float value = own[start + j];
                own[start + j] = value < 0 ? 0 : value;
            }
        }
        System.arraycopy(own, start, c, co + at, width);
    }

    /** {@code c[rows, columns] += a[depth, rows]^T b[depth, columns]}. */
    void addTransposedProduct(
            int rows, int columns, int depth, float[] a, int ao, float[] b, int bo, float[] c, int co) {
        this.rows = rows;
        this.columns = columns;
        this.depth = depth;
        this.a = a;
        this.ao = ao;
        this.b = b;
        this.bo = bo;
        this.c = c;
        this.co = co;
        packedB = Lanes.grown(packedB, PackWeights.packedLength(depth, columns));
        workers.run(packPanel, (columns + PANEL - 1) / PANEL);
        workers.run(columnBlock, (rows + L - 1) / L);
    }

    private void packPanel(int panel, int worker) {
        PackWeights.plainPanel(b, bo, depth, columns, panel * PANEL, PANEL, packedB, panel * PANEL * depth);
    }

    private void columnBlock(int rowPanel, int worker) {
        packedA[worker] = Lanes.grown(packedA[worker], depth * L);
        float[] own = packedA[worker];
        float[] tile = block[worker];
        int row = rowPanel * L;
        int count = Math.min(L, rows - row);
        PackWeights.plainPanel(a, ao, depth, rows, row, L, own, 0);
        for (int column = 0; column < columns; column += PANEL) {
            for (int k = 0; k < depth; k += DEPTH_PER_CHAIN) {
                GemmKernels.columnTile(
                        Math.min(DEPTH_PER_CHAIN, depth - k),
                        own,
                        k * L,
                        packedB,
                        column * depth + k * PANEL,
                        tile,
                        0,
                        PANEL,
                        k > 0);
            }
            int width = Math.min(PANEL, columns - column);
            for (int i = 0; i < count; i++) {
                int to = co + (row + i) * columns + column;
                for (int j = 0; j < width; j++) {
                    c[to + j] += tile[i * PANEL + j];
                }
            }
        }
    }

    /** {@code sums[columns] += } the sum of the rows of {@code a[rows, columns]}. */
    void addRowSums(int rows, int columns, float[] a, int ao, float[] sums, int so) {
        this.rows = rows;
        this.columns = columns;
        this.a = a;
        this.ao = ao;
        int chunks = (rows + ROWS_PER_SUM - 1) / ROWS_PER_SUM;
        partialSums = Lanes.grown(partialSums, chunks * columns);
        workers.run(sumRows, chunks);
        for (int column = 0; column < columns; column++) {
            double sum = 0;
            for (int chunk = 0; chunk < chunks; chunk++) {
                sum += partialSums[chunk * columns + column];
            }
            sums[so + column] = (float) (sums[so + column] + sum);
        }
    }

    private void sumRows(int chunk, int worker) {
        int from = chunk * ROWS_PER_SUM;
        int to = Math.min(rows, from + ROWS_PER_SUM);
        int start = chunk * columns;
        int column = 0;
        for (; column + L <= columns; column += L) {
            FloatVector sum = FloatVector.zero(S);
            for (int row = from; row < to; row++) {
                sum = sum.add(FloatVector.fromArray(S, a, ao + row * columns + column));
            }
            sum.intoArray(partialSums, start + column);
        }
        Arrays.fill(partialSums, start + column, start + columns, 0f);
        for (int row = from; row < to; row++) {
            for (int j = column; j < columns; j++) {
                partialSums[start + j] += a[ao + row * columns + j];
            }
        }
    }
}
