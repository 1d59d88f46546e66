package keisei.device.cpu;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The transforms of Winograd's minimal filtering F(3x3, 3x3) (Lavin and Gray 2016), at the points 0, 1, -1, 2 and
 * infinity: a 5x5 patch d of the zero-padded image and a 3x3 filter g give the 3x3 outputs
 * {@code A^T [(G g G^T) * (B^T d B)] A}. A 9x9 board is 3x3 such tiles without waste; other boards are padded.
 *
 * <p>All transforms work on vectors of channels. In the transformed domain there are 25 planes of
 * {@code [tiles, channels]}, stored either by rows or in panels of channels ({@code [panel][tile][panelWidth]}).
 */
final class Winograd {
    /** Planes of the transformed domain. */
    static final int PLANES = 25;

    /** Extra floats between planes: keeps equal places of the planes out of the same cache sets. */
    static final int PLANE_GAP = 16;

    /** Channels that are transformed at a time, so that the padded patch stays in the first cache. */
    static final int SEGMENT = 64;

    /** Length of the scratch that tile transforms need. */
    static final int TILE_SCRATCH = 40 * Lanes.COUNT;

    private static final VectorSpecies<Float> S = Lanes.SPECIES;
    private static final int L = Lanes.COUNT;

    private Winograd() {}

    /** Floats between planes of {@code tiles} rows of {@code channels}. */
    static int planeStride(int tiles, int channels) {
        return tiles * channels + PLANE_GAP;
    }

    /** Tiles along a side. */
    static int tilesAlong(int side) {
        return (side + 2) / 3;
    }

    /**
     * Copies channels of a board into the middle of a padded one. The border of {@code padded} must be 0 already, and
     * the channels from {@code width} on too.
     *
     * @param x boards {@code [H, W, channels]}
     * @param xo the board's first element
     * @param from first channel
     * @param width channels to copy
     * @param paddedColumns columns of the padded board
     * @param stride channels of the padded board
     * @param border rows above and columns left of the copy
     */
    static void pad(
            float[] x,
            int xo,
            int height,
            int columns,
            int channels,
            int from,
            int width,
            float[] padded,
            int paddedColumns,
            int stride,
            int border) {
        if (width == channels && stride == channels) {
            for (int row = 0; row < height; row++) {
                System.arraycopy(
                        x,
                        xo + row * columns * channels,
                        padded,
                        ((row + border) * paddedColumns + border) * stride,
                        columns * channels);
            }
            return;
        }
        for (int row = 0; row < height; row++) {
            for (int column = 0; column < columns; column++) {
                System.arraycopy(
                        x,
                        xo + (row * columns + column) * channels + from,
                        padded,
                        ((row + border) * paddedColumns + column + border) * stride,
                        width);
            }
        }
    }

    /** {@code B^T d B} of the 5x5 patch at {@code o}; writes one vector to each plane. */
    static void inputTile(
            float[] d, int o, int rowStride, int columnStride, float[] v, int vo, int planeStride, float[] t) {
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector minusTwo = FloatVector.broadcast(S, -2f);
        FloatVector minusThree = FloatVector.broadcast(S, -3f);
        for (int j = 0; j < 5; j++) {
            int q = o + j * columnStride;
            FloatVector d0 = FloatVector.fromArray(S, d, q);
            FloatVector d1 = FloatVector.fromArray(S, d, q + rowStride);
            FloatVector d2 = FloatVector.fromArray(S, d, q + 2 * rowStride);
            FloatVector d3 = FloatVector.fromArray(S, d, q + 3 * rowStride);
            FloatVector d4 = FloatVector.fromArray(S, d, q + 4 * rowStride);
            FloatVector e = d3.sub(d1);
            d0.sub(d2).fma(two, e).intoArray(t, j * L);
            d1.fma(minusTwo, d3.sub(d2)).intoArray(t, (5 + j) * L);
            d2.fma(minusThree, d1.fma(two, d3)).intoArray(t, (10 + j) * L);
            e.intoArray(t, (15 + j) * L);
            e.fma(minusTwo, d4.sub(d2)).intoArray(t, (20 + j) * L);
        }
        for (int i = 0; i < 5; i++) {
            int q = i * 5 * L;
            int w = vo + i * 5 * planeStride;
            FloatVector d0 = FloatVector.fromArray(S, t, q);
            FloatVector d1 = FloatVector.fromArray(S, t, q + L);
            FloatVector d2 = FloatVector.fromArray(S, t, q + 2 * L);
            FloatVector d3 = FloatVector.fromArray(S, t, q + 3 * L);
            FloatVector d4 = FloatVector.fromArray(S, t, q + 4 * L);
            FloatVector e = d3.sub(d1);
            d0.sub(d2).fma(two, e).intoArray(v, w);
            d1.fma(minusTwo, d3.sub(d2)).intoArray(v, w + planeStride);
            d2.fma(minusThree, d1.fma(two, d3)).intoArray(v, w + 2 * planeStride);
            e.intoArray(v, w + 3 * planeStride);
            e.fma(minusTwo, d4.sub(d2)).intoArray(v, w + 4 * planeStride);
        }
    }

    /** {@code A d A^T} of the 3x3 output gradients at {@code o}; writes one vector to each plane. */
    static void gradientTile(
            float[] d, int o, int rowStride, int columnStride, float[] m, int mo, int planeStride, float[] t) {
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        for (int j = 0; j < 3; j++) {
            int q = o + j * columnStride;
            FloatVector a = FloatVector.fromArray(S, d, q);
            FloatVector b = FloatVector.fromArray(S, d, q + rowStride);
            FloatVector c = FloatVector.fromArray(S, d, q + 2 * rowStride);
            FloatVector ac = a.add(c);
            a.intoArray(t, j * L);
            ac.add(b).intoArray(t, (3 + j) * L);
            ac.sub(b).intoArray(t, (6 + j) * L);
            c.fma(four, b.fma(two, a)).intoArray(t, (9 + j) * L);
            c.intoArray(t, (12 + j) * L);
        }
        for (int i = 0; i < 5; i++) {
            int q = i * 3 * L;
            int w = mo + i * 5 * planeStride;
            FloatVector a = FloatVector.fromArray(S, t, q);
            FloatVector b = FloatVector.fromArray(S, t, q + L);
            FloatVector c = FloatVector.fromArray(S, t, q + 2 * L);
            FloatVector ac = a.add(c);
            a.intoArray(m, w);
            ac.add(b).intoArray(m, w + planeStride);
            ac.sub(b).intoArray(m, w + 2 * planeStride);
            c.fma(four, b.fma(two, a)).intoArray(m, w + 3 * planeStride);
            c.intoArray(m, w + 4 * planeStride);
        }
    }

    /** The first half of {@code A^T m A}: columns, into {@code t[3][5]} vectors. */
    private static void outputColumns(float[] m, int o, int planeStride, float[] t) {
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        for (int j = 0; j < 5; j++) {
            int q = o + j * planeStride;
            FloatVector m1 = FloatVector.fromArray(S, m, q + 5 * planeStride);
            FloatVector m2 = FloatVector.fromArray(S, m, q + 10 * planeStride);
            FloatVector m3 = FloatVector.fromArray(S, m, q + 15 * planeStride);
            FloatVector sum = m1.add(m2);
            FloatVector.fromArray(S, m, q).add(sum).add(m3).intoArray(t, j * L);
            m3.fma(two, m1.sub(m2)).intoArray(t, (5 + j) * L);
            m3.fma(four, sum.add(FloatVector.fromArray(S, m, q + 20 * planeStride)))
                    .intoArray(t, (10 + j) * L);
        }
    }

    /**
     * {@code A^T m A}, then {@code scale * y + shift + residual} and ReLU, of one tile and one
     * whole vector of channels; only the tile's first rows and columns, where it sticks out of the board.
     *
     * @param scale factors at {@code so}, one a channel
     * @param shift summands at {@code ho}, one a channel
     * @param residual at {@code ro}, laid out as {@code y}; {@link Operands#NONE} for none
     */
    static void outputTile(
            float[] m,
            int o,
            int planeStride,
            float[] t,
            float[] scale,
            int so,
            float[] shift,
            int ho,
            float[] residual,
            int ro,
            boolean relu,
            float[] y,
            int yo,
            int rowStride,
            int columnStride,
            int rows,
            int columns) {
        outputColumns(m, o, planeStride, t);
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector factor = FloatVector.fromArray(S, scale, so);
        FloatVector summand = FloatVector.fromArray(S, shift, ho);
        boolean addResidual = residual.length != 0;
        for (int i = 0; i < rows; i++) {
            int q = i * 5 * L;
            int w = yo + i * rowStride;
            FloatVector m1 = FloatVector.fromArray(S, t, q + L);
            FloatVector m2 = FloatVector.fromArray(S, t, q + 2 * L);
            FloatVector m3 = FloatVector.fromArray(S, t, q + 3 * L);
            FloatVector sum = m1.add(m2);
            FloatVector y0 = FloatVector.fromArray(S, t, q).add(sum).add(m3).fma(factor, summand);
            FloatVector y1 = m3.fma(two, m1.sub(m2)).fma(factor, summand);
            FloatVector y2 = m3.fma(four, sum.add(FloatVector.fromArray(S, t, q + 4 * L)))
                    .fma(factor, summand);
            if (addResidual) {
                int r = ro + i * rowStride;
                y0 = y0.add(FloatVector.fromArray(S, residual, r));
                if (columns > 1) {
                    y1 = y1.add(FloatVector.fromArray(S, residual, r + columnStride));
                }
                if (columns > 2) {
                    y2 = y2.add(FloatVector.fromArray(S, residual, r + 2 * columnStride));
                }
            }
            if (relu) {
                y0 = y0.blend(0f, y0.compare(VectorOperators.LT, 0f));
                y1 = y1.blend(0f, y1.compare(VectorOperators.LT, 0f));
                y2 = y2.blend(0f, y2.compare(VectorOperators.LT, 0f));
            }
            y0.intoArray(y, w);
            if (columns > 1) {
                y1.intoArray(y, w + columnStride);
            }
            if (columns > 2) {
                y2.intoArray(y, w + 2 * columnStride);
            }
        }
    }

    /** {@link #outputTile} for vectors that stick out of the channels. */
    static void outputEdge(
            float[] m,
            int o,
            int planeStride,
            float[] t,
            float[] scale,
            int so,
            float[] shift,
            int ho,
            float[] residual,
            int ro,
            boolean relu,
            float[] y,
            int yo,
            int rowStride,
            int columnStride,
            int rows,
            int columns,
            int channels) {
        outputColumns(m, o, planeStride, t);
        for (int i = 0; i < rows; i++) {
            int q = i * 5 * L;
            for (int j = 0; j < columns; j++) {
                int at = i * rowStride + j * columnStride;
                for (int c = 0; c < channels; c++) {
                    float m0 = t[q + c];
                    float m1 = t[q + L + c];
                    float m2 = t[q + 2 * L + c];
                    float m3 = t[q + 3 * L + c];
                    float value = switch (j) {
                        case 0 -> m0 + (m1 + m2) + m3;
                        case 1 -> Math.fma(m3, 2f, m1 - m2);
                        default -> Math.fma(m3, 4f, m1 + m2 + t[q + 4 * L + c]);
                    };
                    value = Math.fma(value, scale[so + c], shift[ho + c]);
                    if (residual.length != 0) {
                        value += residual[ro + at + c];
                    }
                    y[yo + at + c] = relu && value < 0 ? 0 : value;
                }
            }
        }
    }

    /** {@code G g G^T} of a 3x3 filter whose taps are {@code tapStride} apart; writes one vector to each plane. */
    static void weightTile(
            float[] g, int o, int tapStride, boolean rotated, float[] u, int uo, int planeStride, float[] t) {
        int first = rotated ? o + 8 * tapStride : o;
        int step = rotated ? -tapStride : tapStride;
        for (int j = 0; j < 3; j++) {
            FloatVector g0 = FloatVector.fromArray(S, g, first + j * step);
            FloatVector g1 = FloatVector.fromArray(S, g, first + (3 + j) * step);
            FloatVector g2 = FloatVector.fromArray(S, g, first + (6 + j) * step);
            FloatVector ends = g0.add(g2);
            g0.mul(0.5f).intoArray(t, j * L);
            ends.add(g1).mul(-0.5f).intoArray(t, (3 + j) * L);
            ends.sub(g1).mul(-1f / 6).intoArray(t, (6 + j) * L);
            g2.mul(4f).add(g1.mul(2f)).add(g0).mul(1f / 6).intoArray(t, (9 + j) * L);
            g2.intoArray(t, (12 + j) * L);
        }
        for (int i = 0; i < 5; i++) {
            int q = i * 3 * L;
            int w = uo + i * 5 * planeStride;
            FloatVector g0 = FloatVector.fromArray(S, t, q);
            FloatVector g1 = FloatVector.fromArray(S, t, q + L);
            FloatVector g2 = FloatVector.fromArray(S, t, q + 2 * L);
            FloatVector ends = g0.add(g2);
            g0.mul(0.5f).intoArray(u, w);
            ends.add(g1).mul(-0.5f).intoArray(u, w + planeStride);
            ends.sub(g1).mul(-1f / 6).intoArray(u, w + 2 * planeStride);
            g2.mul(4f).add(g1.mul(2f)).add(g0).mul(1f / 6).intoArray(u, w + 3 * planeStride);
            g2.intoArray(u, w + 4 * planeStride);
        }
    }

    /** {@code G^T u G}: the gradient of a filter, nine vectors {@code tapStride} apart, from that of its transform. */
    static void weightGradientTile(float[] u, int uo, int planeStride, float[] g, int o, int tapStride, float[] t) {
        for (int j = 0; j < 5; j++) {
            int q = uo + j * planeStride;
            FloatVector u0 = FloatVector.fromArray(S, u, q).mul(0.5f);
            FloatVector u1 = FloatVector.fromArray(S, u, q + 5 * planeStride).mul(-0.5f);
            FloatVector u2 = FloatVector.fromArray(S, u, q + 10 * planeStride).mul(1f / 6);
            FloatVector u3 = FloatVector.fromArray(S, u, q + 15 * planeStride).mul(1f / 6);
            FloatVector ends = u1.sub(u2);
            u0.add(ends).add(u3).intoArray(t, j * L);
            u1.add(u2).add(u3.mul(2f)).intoArray(t, (5 + j) * L);
            ends.add(u3.mul(4f))
                    .add(FloatVector.fromArray(S, u, q + 20 * planeStride))
                    .intoArray(t, (10 + j) * L);
        }
        for (int i = 0; i < 3; i++) {
            int q = i * 5 * L;
            int w = o + i * 3 * tapStride;
            FloatVector u0 = FloatVector.fromArray(S, t, q).mul(0.5f);
            FloatVector u1 = FloatVector.fromArray(S, t, q + L).mul(-0.5f);
            FloatVector u2 = FloatVector.fromArray(S, t, q + 2 * L).mul(1f / 6);
            FloatVector u3 = FloatVector.fromArray(S, t, q + 3 * L).mul(1f / 6);
            FloatVector ends = u1.sub(u2);
            u0.add(ends).add(u3).intoArray(g, w);
            u1.add(u2).add(u3.mul(2f)).intoArray(g, w + tapStride);
            ends.add(u3.mul(4f)).add(FloatVector.fromArray(S, t, q + 4 * L)).intoArray(g, w + 2 * tapStride);
        }
    }

    /** One thread's scratch for the transforms. */
    static final class Scratch {
        final float[] tile = new float[TILE_SCRATCH];
        float[] input = {};
        float[] product = {};

        /** Padded boards by width of the border, 0 or 1. */
        private final float[][] padded = new float[2][0];

        private final long[] shape = new long[2];

        /** The padded board for this shape: 0 wherever {@link Winograd#pad} with the same shape does not write. */
        float[] padded(int height, int width, int channels, int stride, int border) {
            long wanted = ((long) height << 40) | ((long) width << 16) | channels;
            if (shape[border] != wanted) {
                shape[border] = wanted;
                int rows = 3 * tilesAlong(height) + 2 * border;
                int columns = 3 * tilesAlong(width) + 2 * border;
                int length = rows * columns * stride;
                if (padded[border].length < length) {
                    padded[border] = new float[length];
                } else {
                    Arrays.fill(padded[border], 0, length, 0f);
                }
            }
            return padded[border];
        }
    }
}
