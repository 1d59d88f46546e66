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

    /** Boards whose weight gradients are gathered between two additions to the sums. */
    private static final int BOARDS_PER_GRADIENT = 16;

    private static final int L = Lanes.COUNT;
    private static final int PANEL = Lanes.PANEL;

    private final Workers workers;
    private final Winograd.Scratch[] scratch;
    private final Task wholeBoards = this::wholeBoards;
    private final Task inputStep = this::inputStep;
    private final Task productStep = this::productStep;
    private final Task outputStep = this::outputStep;
    private final Task gradientInputStep = this::gradientInputStep;
    private final Task gradientProductStep = this::gradientProductStep;
    private final Task gradientOutputStep = this::gradientOutputStep;

    private float[] ones = {};
    private float[] zeros = {};
    private float[] sharedInput = {};
    private float[] sharedProduct = {};
    private float[] weightSums = {};

    // The operation in progress.
    private int height;
    private int width;
    private int tileRows;
    private int tileColumns;
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
    private float[] dw = Operands.NONE;
    private int dwo;

    Convolution3x3(Workers workers) {
        this.workers = workers;
        scratch = new Winograd.Scratch[workers.threads()];
        Arrays.setAll(scratch, i -> new Winograd.Scratch());
    }

    private void shape(ConvolutionShape shape, int in, int out, int batch) {
        height = shape.height();
        width = shape.width();
        tileRows = Winograd.tilesAlong(height);
        tileColumns = Winograd.tilesAlong(width);
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
            int tiles = batch * tileRows * tileColumns;
            chunkStart = 0;
            chunkBoards = batch;
            sharedInput = Lanes.grown(sharedInput, Winograd.PLANES * Winograd.planeStride(tiles, inStride()));
            sharedProduct = Lanes.grown(sharedProduct, Winograd.PLANES * Winograd.planeStride(tiles, outStride()));
            workers.run(inputStep, batch * segments(inChannels));
            workers.run(productStep, Winograd.PLANES);
            workers.run(outputStep, batch * segments(outChannels));
        }
    }

    private int inStride() {
        return Lanes.roundUp(inChannels, L);
    }

    private int outStride() {
        return Lanes.roundUp(outChannels, L);
    }

    private static int segments(int channels) {
        return (channels + Winograd.SEGMENT - 1) / Winograd.SEGMENT;
    }

    private void wholeBoards(int chunk, int worker) {
        Winograd.Scratch own = scratch[worker];
        int first = chunk * boardsPerTask;
        int boards = Math.min(boardsPerTask, batch - first);
        int boardTiles = tileRows * tileColumns;
        int tiles = boards * boardTiles;
        own.input = Lanes.grown(own.input, Winograd.PLANES * Winograd.planeStride(tiles, inStride()));
        own.product = Lanes.grown(own.product, Winograd.PLANES * Winograd.planeStride(tiles, outStride()));
        int inSegments = segments(inChannels);
        for (int segment = 0; segment < inSegments; segment++) {
            for (int board = 0; board < boards; board++) {
                transform(x, xo, inChannels, first + board, board, tiles, segment, true, own.input, inStride(), own);
            }
        }
        for (int plane = 0; plane < Winograd.PLANES; plane++) {
            multiply(plane, tiles, own.input, own.product);
        }
        int outSegments = segments(outChannels);
        for (int board = 0; board < boards; board++) {
            for (int segment = 0; segment < outSegments; segment++) {
                output(first + board, board, tiles, segment, own.product, own);
            }
        }
    }

    private void inputStep(int chunk, int worker) {
        int count = segments(inChannels);
        int board = chunk / count;
        int tiles = chunkBoards * tileRows * tileColumns;
        transform(
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
        multiply(plane, chunkBoards * tileRows * tileColumns, sharedInput, sharedProduct);
    }

    private void outputStep(int chunk, int worker) {
        int count = segments(outChannels);
        int board = chunk / count;
        int tiles = chunkBoards * tileRows * tileColumns;
        output(chunkStart + board, board, tiles, chunk % count, sharedProduct, scratch[worker]);
    }

    /**
     * Transforms one segment of channels of a board: inputs, or output gradients. With panels of all channels
     * ({@code panel} = their rounded number) the planes are stored by rows.
     */
    private void transform(
            float[] source,
            int sourceOffset,
            int channels,
            int board,
            int slot,
            int tiles,
            int segment,
            boolean inputs,
            float[] planes,
            int panel,
            Winograd.Scratch own) {
        int from = segment * Winograd.SEGMENT;
        int count = Math.min(Winograd.SEGMENT, channels - from);
        int stride = Lanes.roundUp(count, L);
        int border = inputs ? 1 : 0;
        int columns = 3 * tileColumns + 2 * border;
        float[] padded = own.padded(height, width, count, stride, border);
        int start = sourceOffset + board * height * width * channels;
        Winograd.pad(source, start, height, width, channels, from, count, padded, columns, stride, border);
        int planeStride = Winograd.planeStride(tiles, Lanes.roundUp(channels, panel == PANEL ? PANEL : L));
        int rowStride = columns * stride;
        for (int tileRow = 0; tileRow < tileRows; tileRow++) {
            for (int tileColumn = 0; tileColumn < tileColumns; tileColumn++) {
                int tile = (slot * tileRows + tileRow) * tileColumns + tileColumn;
                int corner = (3 * tileRow * columns + 3 * tileColumn) * stride;
                for (int c = 0; c < stride; c += L) {
                    int channel = from + c;
                    int to = channel / panel * panel * tiles + tile * panel + channel % panel;
                    if (inputs) {
                        Winograd.inputTile(padded, corner + c, rowStride, stride, planes, to, planeStride, own.tile);
                    } else {
                        Winograd.gradientTile(padded, corner + c, rowStride, stride, planes, to, planeStride, own.tile);
                    }
                }
            }
        }
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
        int rowStride = width * outChannels;
        for (int tileRow = 0; tileRow < tileRows; tileRow++) {
            for (int tileColumn = 0; tileColumn < tileColumns; tileColumn++) {
                int tile = (slot * tileRows + tileRow) * tileColumns + tileColumn;
                int square = (board * height + 3 * tileRow) * width + 3 * tileColumn;
                int rows = Math.min(3, height - 3 * tileRow);
                int columns = Math.min(3, width - 3 * tileColumn);
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

    /** {@code dw[K, 3, 3, C] += } the gradient of the weights, summed in the transformed domain. */
    void gradientOfWeights(
            ConvolutionShape shape, int batch, float[] x, int xo, float[] dy, int dyo, float[] dw, int dwo) {
        shape(shape, shape.inChannels(), shape.outChannels(), batch);
        this.x = x;
        this.xo = xo;
        this.y = dy;
        this.yo = dyo;
        this.dw = dw;
        this.dwo = dwo;
        int boardTiles = tileRows * tileColumns;
        int paddedIn = Lanes.roundUp(inChannels, PANEL);
        weightSums = Lanes.grown(weightSums, Winograd.PLANES * outStride() * paddedIn);
        int most = Math.min(batch, BOARDS_PER_GRADIENT) * boardTiles;
        sharedInput = Lanes.grown(sharedInput, Winograd.PLANES * Winograd.planeStride(most, paddedIn));
        sharedProduct = Lanes.grown(sharedProduct, Winograd.PLANES * Winograd.planeStride(most, outStride()));
        for (chunkStart = 0; chunkStart < batch; chunkStart += BOARDS_PER_GRADIENT) {
            chunkBoards = Math.min(BOARDS_PER_GRADIENT, batch - chunkStart);
            workers.run(gradientInputStep, chunkBoards);
            workers.run(gradientProductStep, Winograd.PLANES * gradientParts());
        }
        workers.run(gradientOutputStep, outChannels);
    }

    private void gradientInputStep(int slot, int worker) {
        Winograd.Scratch own = scratch[worker];
        int board = chunkStart + slot;
        int tiles = chunkBoards * tileRows * tileColumns;
        for (int segment = 0; segment < segments(inChannels); segment++) {
            transform(x, xo, inChannels, board, slot, tiles, segment, true, sharedInput, PANEL, own);
        }
        if (Lanes.roundUp(inChannels, PANEL) != inStride()) {
            clearLastHalfPanel(slot, tiles);
        }
        for (int segment = 0; segment < segments(outChannels); segment++) {
            transform(y, yo, outChannels, board, slot, tiles, segment, false, sharedProduct, L, own);
        }
    }

    /** Zeroes what no channel fills of the last panel: old scratch could hold NaN or make sums slow (subnormals). */
    private void clearLastHalfPanel(int slot, int tiles) {
        int boardTiles = tileRows * tileColumns;
        int planeStride = Winograd.planeStride(tiles, Lanes.roundUp(inChannels, PANEL));
        int lastPanel = inChannels / PANEL * PANEL * tiles;
        for (int plane = 0; plane < Winograd.PLANES; plane++) {
            for (int tile = slot * boardTiles; tile < (slot + 1) * boardTiles; tile++) {
                int at = plane * planeStride + lastPanel + tile * PANEL + L;
                Arrays.fill(sharedInput, at, at + L, 0f);
            }
        }
    }

    /** Parts of a plane in {@link #gradientProductStep}: few, so that a thread finds its operands in its own cache. */
    private int gradientParts() {
        return Math.min(outStride() / L, workers.threads() > 12 ? 8 : 2);
    }

    private void gradientProductStep(int chunk, int worker) {
        int outPanels = outStride() / L;
        int parts = gradientParts();
        int plane = chunk / parts;
        int part = chunk % parts;
        int tiles = chunkBoards * tileRows * tileColumns;
        int paddedIn = Lanes.roundUp(inChannels, PANEL);
        int inputStart = plane * Winograd.planeStride(tiles, paddedIn);
        int gradientStart = plane * Winograd.planeStride(tiles, outStride());
        int sums = plane * outStride() * paddedIn;
        for (int outPanel = part * outPanels / parts; outPanel < (part + 1) * outPanels / parts; outPanel++) {
            for (int from = 0; from < paddedIn; from += PANEL) {
                GemmKernels.columnTile(
                        tiles,
                        sharedProduct,
                        gradientStart + outPanel * L * tiles,
                        sharedInput,
                        inputStart + from * tiles,
                        weightSums,
                        sums + outPanel * L * paddedIn + from,
                        paddedIn,
                        chunkStart > 0);
            }
        }
    }

    private void gradientOutputStep(int k, int worker) {
        Winograd.Scratch own = scratch[worker];
        int paddedIn = Lanes.roundUp(inChannels, PANEL);
        int planeStride = outStride() * paddedIn;
        own.product = Lanes.grown(own.product, 9 * paddedIn);
        for (int c = 0; c < inChannels; c += L) {
            Winograd.weightGradientTile(weightSums, k * paddedIn + c, planeStride, own.product, c, paddedIn, own.tile);
        }
        for (int tap = 0; tap < 9; tap++) {
            int to = dwo + (k * 9 + tap) * inChannels;
            for (int c = 0; c < inChannels; c++) {
                dw[to + c] += own.product[tap * paddedIn + c];
            }
        }
    }
}
