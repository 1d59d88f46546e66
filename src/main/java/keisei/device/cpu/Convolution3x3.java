package keisei.device.cpu;

import java.util.Arrays;
import keisei.device.ConvolutionShape;

/**
 * 3x3 convolutions by Winograd's F(3x3, 3x3). Where there are boards enough, each thread takes a few of them through
 * all steps, so that the transformed boards stay in its second cache; else the threads share each step of one chunk.
 * Both ways compute every element by the same operations in the same order.
 */
final class Convolution3x3 {
    /** Boards that one thread takes through all steps at a time. */
    private static final int BOARDS_PER_TASK = 12;

    private static final int L = Lanes.COUNT;
    private static final int PANEL = Lanes.PANEL;

    private final Workers workers;
    private final Winograd.Scratch[] scratch;
    private final Task wholeBoards = this::wholeBoards;
    private final Task inputStep = this::inputStep;
    private final Task productStep = this::productStep;
    private final Task outputStep = this::outputStep;

    private float[] ones = {};
    private float[] zeros = {};
    private float[] sharedInput = {};
    private float[] sharedProduct = {};

    // The operation in progress.
    private TiledBoard tiled = new TiledBoard(1, 1);
    private int inChannels;
    private int outChannels;
    private int batch;
    private int boardsPerTask;
    private int chunkStart;
    private int chunkBoards;
    private float[] x = Operands.NONE;
    private int xo;
    private float[] u = Operands.NONE;
    private float[] scale = Operands.NONE;
    private int scaleOffset;
    private float[] shift = Operands.NONE;
    private int shiftOffset;
    private float[] residual = Operands.NONE;
    private int residualOffset;
    private boolean relu;
    private float[] y = Operands.NONE;
    private int yo;

    /** @param scratch one a thread; shared with others that do not run at the same time */
    Convolution3x3(Workers workers, Winograd.Scratch[] scratch) {
        this.workers = workers;
        this.scratch = scratch;
    }

    private void shape(ConvolutionShape shape, int in, int out, int batch) {
        tiled = TiledBoard.of(tiled, shape);
        inChannels = in;
        outChannels = out;
        this.batch = batch;
    }

    /**
     * {@code y = f(scale * conv(x) + shift + residual)}.
     *
     * @param in channels of {@code x}; for the gradient of the data those of the gradient
     * @param out channels of {@code y}
     * @param u transformed weights {@code [25][panels of out][in][PANEL]}
     * @param scale {@link Operands#NONE} for 1
     * @param shift {@link Operands#NONE} for 0
     * @param residual {@link Operands#NONE} for 0; may be {@code y}
     */
    void convolve(
            ConvolutionShape shape,
            int in,
            int out,
            int batch,
            float[] x,
            int xo,
            float[] u,
            float[] scale,
            int scaleOffset,
            float[] shift,
            int shiftOffset,
            float[] residual,
            int residualOffset,
            boolean relu,
            float[] y,
            int yo) {
        shape(shape, in, out, batch);
        this.x = x;
        this.xo = xo;
        this.u = u;
        if (ones.length < out) {
            ones = new float[Lanes.roundUp(out, 64)];
            Arrays.fill(ones, 1f);
            zeros = new float[ones.length];
        }
        this.scale = scale.length == 0 ? ones : scale;
        this.scaleOffset = scaleOffset;
        this.shift = shift.length == 0 ? zeros : shift;
        this.shiftOffset = shiftOffset;
        this.residual = residual;
        this.residualOffset = residualOffset;
        this.relu = relu;
        this.y = y;
        this.yo = yo;
        int threads = workers.threads();
        if (batch >= 2 * threads || threads == 1) {
            boardsPerTask = Math.min(BOARDS_PER_TASK, (batch + threads - 1) / threads);
            workers.run(wholeBoards, (batch + boardsPerTask - 1) / boardsPerTask);
        } else {
            int tiles = batch * tiled.tiles();
            chunkStart = 0;
            chunkBoards = batch;
            sharedInput = Lanes.grown(sharedInput, Winograd.PLANES * Winograd.planeStride(tiles, inStride()));
            sharedProduct = Lanes.grown(sharedProduct, Winograd.PLANES * Winograd.planeStride(tiles, outStride()));
            workers.run(inputStep, batch * TiledBoard.segments(inChannels));
            workers.run(productStep, Winograd.PLANES);
            workers.run(outputStep, batch * TiledBoard.segments(outChannels));
        }
    }

    private int inStride() {
        return Lanes.roundUp(inChannels, L);
    }

    private int outStride() {
        return Lanes.roundUp(outChannels, L);
    }

    private void wholeBoards(int chunk, int worker) {
        Winograd.Scratch own = scratch[worker];
        int first = chunk * boardsPerTask;
        int boards = Math.min(boardsPerTask, batch - first);
        int boardTiles = tiled.tiles();
        int tiles = boards * boardTiles;
        own.input = Lanes.grown(own.input, Winograd.PLANES * Winograd.planeStride(tiles, inStride()));
        own.product = Lanes.grown(own.product, Winograd.PLANES * Winograd.planeStride(tiles, outStride()));
        int inSegments = TiledBoard.segments(inChannels);
        for (int segment = 0; segment < inSegments; segment++) {
            for (int board = 0; board < boards; board++) {
                tiled.transform(
                        x, xo, inChannels, first + board, board, tiles, segment, true, own.input, inStride(), own);
            }
        }
        for (int plane = 0; plane < Winograd.PLANES; plane++) {
            multiply(plane, tiles, own.input, own.product);
        }
        int outSegments = TiledBoard.segments(outChannels);
        for (int board = 0; board < boards; board++) {
            for (int segment = 0; segment < outSegments; segment++) {
                output(first + board, board, tiles, segment, own.product, own);
            }
        }
    }

    private void inputStep(int chunk, int worker) {
        int count = TiledBoard.segments(inChannels);
        int board = chunk / count;
        int tiles = chunkBoards * tiled.tiles();
        tiled.transform(
                x,
                xo,
                inChannels,
                chunkStart + board,
                board,
                tiles,
                chunk % count,
                true,
                sharedInput,
                inStride(),
                scratch[worker]);
    }

    private void productStep(int plane, int worker) {
        multiply(plane, chunkBoards * tiled.tiles(), sharedInput, sharedProduct);
    }

    private void outputStep(int chunk, int worker) {
        int count = TiledBoard.segments(outChannels);
        int board = chunk / count;
        int tiles = chunkBoards * tiled.tiles();
        output(chunkStart + board, board, tiles, chunk % count, sharedProduct, scratch[worker]);
    }

    private void multiply(int plane, int tiles, float[] input, float[] product) {
        int panels = (outChannels + PANEL - 1) / PANEL;
        int in = inStride();
        int out = outStride();
        int inputStart = plane * Winograd.planeStride(tiles, in);
        int productStart = plane * Winograd.planeStride(tiles, out);
        for (int panel = 0; panel < panels; panel++) {
            GemmKernels.rowPanel(
                    tiles,
                    inChannels,
                    input,
                    inputStart,
                    in,
                    u,
                    (plane * panels + panel) * inChannels * PANEL,
                    product,
                    productStart + panel * PANEL,
                    out,
                    out - panel * PANEL < PANEL,
                    false);
        }
    }

    private void output(int board, int slot, int tiles, int segment, float[] product, Winograd.Scratch own) {
        int from = segment * Winograd.SEGMENT;
        int to = Math.min(from + Winograd.SEGMENT, outChannels);
        int stride = outStride();
        int planeStride = Winograd.planeStride(tiles, stride);
        int rowStride = tiled.width() * outChannels;
        int tileRows = tiled.tileRows();
        int tileColumns = tiled.tileColumns();
        for (int tileRow = 0; tileRow < tileRows; tileRow++) {
            for (int tileColumn = 0; tileColumn < tileColumns; tileColumn++) {
                int tile = (slot * tileRows + tileRow) * tileColumns + tileColumn;
                int square = (board * tiled.height() + 3 * tileRow) * tiled.width() + 3 * tileColumn;
                int rows = Math.min(3, tiled.height() - 3 * tileRow);
                int columns = Math.min(3, tiled.width() - 3 * tileColumn);
                for (int k = from; k < to; k += L) {
                    int at = square * outChannels + k;
                    if (k + L <= outChannels) {
                        Winograd.outputTile(
                                product,
                                tile * stride + k,
                                planeStride,
                                own.tile,
                                scale,
                                scaleOffset + k,
                                shift,
                                shiftOffset + k,
                                residual,
                                residualOffset + at,
                                relu,
                                y,
                                yo + at,
                                rowStride,
                                outChannels,
                                rows,
                                columns);
                    } else {
                        Winograd.outputEdge(
                                product,
                                tile * stride + k,
                                planeStride,
                                own.tile,
                                scale,
                                scaleOffset + k,
                                shift,
                                shiftOffset + k,
                                residual,
                                residualOffset + at,
                                relu,
                                y,
                                yo + at,
                                rowStride,
                                outChannels,
                                rows,
                                columns,
                                Math.min(L, outChannels - k));
                    }
                }
            }
        }
    }
}
