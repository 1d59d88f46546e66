package keisei.device.cpu;

import java.util.Arrays;
import keisei.device.ConvolutionShape;

/**
 * The gradient of 3x3 filters, summed in Winograd's transformed domain and transformed back once. Where there are boards
 * enough and the sums are small, groups of boards have sums of their own, which are added in order at the end; else the
 * threads share each step of one chunk of boards after the other. Which way is taken depends on the shape only.
 */
final class FilterGradient3x3 {
    /** Boards that are transformed between two additions to the sums. */
    private static final int BOARDS_PER_CHUNK = 16;

    /** Boards of a group at least, and groups at most. */
    private static final int BOARDS_PER_GROUP = 16;

    private static final int MOST_GROUPS = 16;

    /** Sums of a group that still fit a core's second cache beside its boards. */
    private static final int MOST_SUMS_PER_GROUP = 1 << 17;

    private static final int L = Lanes.COUNT;
    private static final int PANEL = Lanes.PANEL;

    private final Workers workers;
    private final Winograd.Scratch[] scratch;
    private final Task wholeGroup = this::wholeGroup;
    private final Task inputStep = this::inputStep;
    private final Task productStep = this::productStep;
    private final Task outputStep = this::outputStep;
    private float[] sharedInput = {};
    private float[] sharedProduct = {};
    private float[] weightSums = {};

    // The operation in progress.
    private TiledBoard tiled = new TiledBoard(1, 1);
    private int inChannels;
    private int outChannels;
    private int batch;
    private int groups;
    private int boardsPerGroup;
    private int chunkStart;
    private int chunkBoards;
    private float[] x = Operands.NONE;
    private int xo;
    private float[] dy = Operands.NONE;
    private int dyo;
    private float[] dw = Operands.NONE;
    private int dwo;

    FilterGradient3x3(Workers workers, Winograd.Scratch[] scratch) {
        this.workers = workers;
        this.scratch = scratch;
    }

    private int outStride() {
        return Lanes.roundUp(outChannels, L);
    }

    /** {@code dw[K, 3, 3, C] += } the gradient of the weights, summed in the transformed domain. */
    void run(ConvolutionShape shape, int batch, float[] x, int xo, float[] dy, int dyo, float[] dw, int dwo) {
        tiled = TiledBoard.of(tiled, shape);
        inChannels = shape.inChannels();
        outChannels = shape.outChannels();
        this.batch = batch;
        this.x = x;
        this.xo = xo;
        this.dy = dy;
        this.dyo = dyo;
        this.dw = dw;
        this.dwo = dwo;
        int sums = Winograd.PLANES * outStride() * Lanes.roundUp(inChannels, PANEL);
        // Depends on the shape only, not on the threads, so that the sums have one order.
        groups = sums <= MOST_SUMS_PER_GROUP ? Math.clamp(batch / BOARDS_PER_GROUP, 1, MOST_GROUPS) : 1;
        weightSums = Lanes.grown(weightSums, groups * sums);
        if (groups > 1) {
            boardsPerGroup = (batch + groups - 1) / groups;
            groups = (batch + boardsPerGroup - 1) / boardsPerGroup;
            workers.run(wholeGroup, groups);
        } else {
            sharedSteps();
        }
        workers.run(outputStep, outChannels);
    }

    /** The threads share each step of one chunk of boards after the other. */
    private void sharedSteps() {
        int most = Math.min(batch, BOARDS_PER_CHUNK) * tiled.tiles();
        int paddedIn = Lanes.roundUp(inChannels, PANEL);
        sharedInput = Lanes.grown(sharedInput, Winograd.PLANES * Winograd.planeStride(most, paddedIn));
        sharedProduct = Lanes.grown(sharedProduct, Winograd.PLANES * Winograd.planeStride(most, outStride()));
        for (chunkStart = 0; chunkStart < batch; chunkStart += BOARDS_PER_CHUNK) {
            chunkBoards = Math.min(BOARDS_PER_CHUNK, batch - chunkStart);
            workers.run(inputStep, chunkBoards);
            workers.run(productStep, Winograd.PLANES * parts());
        }
    }

    /** One thread takes the boards of a group through all steps, into the group's own sums. */
    private void wholeGroup(int group, int worker) {
        Winograd.Scratch own = scratch[worker];
        int first = group * boardsPerGroup;
        int end = Math.min(batch, first + boardsPerGroup);
        int paddedIn = Lanes.roundUp(inChannels, PANEL);
        int boardTiles = tiled.tiles();
        int most = Math.min(boardsPerGroup, BOARDS_PER_CHUNK) * boardTiles;
        own.input = Lanes.grown(own.input, Winograd.PLANES * Winograd.planeStride(most, paddedIn));
        own.product = Lanes.grown(own.product, Winograd.PLANES * Winograd.planeStride(most, outStride()));
        int sums = group * Winograd.PLANES * outStride() * paddedIn;
        for (int start = first; start < end; start += BOARDS_PER_CHUNK) {
            int boards = Math.min(BOARDS_PER_CHUNK, end - start);
            int tiles = boards * boardTiles;
            for (int slot = 0; slot < boards; slot++) {
                transformBoard(start + slot, slot, tiles, own.input, own.product, own);
            }
            for (int plane = 0; plane < Winograd.PLANES; plane++) {
                multiply(plane, 0, outStride() / L, tiles, own.input, own.product, weightSums, sums, start > first);
            }
        }
    }

    private void inputStep(int slot, int worker) {
        int tiles = chunkBoards * tiled.tiles();
        transformBoard(chunkStart + slot, slot, tiles, sharedInput, sharedProduct, scratch[worker]);
    }

    /** Transforms a board's inputs and output gradients. */
    private void transformBoard(
            int board, int slot, int tiles, float[] inputs, float[] gradients, Winograd.Scratch own) {
        for (int segment = 0; segment < TiledBoard.segments(inChannels); segment++) {
            tiled.transform(x, xo, inChannels, board, slot, tiles, segment, true, inputs, PANEL, own);
        }
        if (Lanes.roundUp(inChannels, PANEL) != Lanes.roundUp(inChannels, L)) {
            clearLastHalfPanel(slot, tiles, inputs);
        }
        for (int segment = 0; segment < TiledBoard.segments(outChannels); segment++) {
            tiled.transform(dy, dyo, outChannels, board, slot, tiles, segment, false, gradients, L, own);
        }
    }

    /** Zeroes what no channel fills of the last panel: old scratch could hold NaN or make sums slow (subnormals). */
    private void clearLastHalfPanel(int slot, int tiles, float[] inputs) {
        int boardTiles = tiled.tiles();
        int planeStride = Winograd.planeStride(tiles, Lanes.roundUp(inChannels, PANEL));
        int lastPanel = inChannels / PANEL * PANEL * tiles;
        for (int plane = 0; plane < Winograd.PLANES; plane++) {
            for (int tile = slot * boardTiles; tile < (slot + 1) * boardTiles; tile++) {
                int at = plane * planeStride + lastPanel + tile * PANEL + L;
                Arrays.fill(inputs, at, at + L, 0f);
            }
        }
    }

    /** Parts of a plane in {@link #productStep}: few, so that a thread finds its operands in its own cache. */
    private int parts() {
        return Math.min(outStride() / L, workers.threads() > 12 ? 8 : 2);
    }

    private void productStep(int chunk, int worker) {
        int outPanels = outStride() / L;
        int parts = parts();
        int part = chunk % parts;
        int tiles = chunkBoards * tiled.tiles();
        multiply(
                chunk / parts,
                part * outPanels / parts,
                (part + 1) * outPanels / parts,
                tiles,
                sharedInput,
                sharedProduct,
                weightSums,
                0,
                chunkStart > 0);
    }

    /** Adds a plane's products of gradients and inputs, for panels of output channels, to the sums at {@code so}. */
    private void multiply(
            int plane,
            int fromPanel,
            int toPanel,
            int tiles,
            float[] inputs,
            float[] gradients,
            float[] sums,
            int so,
            boolean add) {
        int paddedIn = Lanes.roundUp(inChannels, PANEL);
        int inputStart = plane * Winograd.planeStride(tiles, paddedIn);
        int gradientStart = plane * Winograd.planeStride(tiles, outStride());
        int planeSums = so + plane * outStride() * paddedIn;
        for (int outPanel = fromPanel; outPanel < toPanel; outPanel++) {
            for (int from = 0; from < paddedIn; from += PANEL) {
                GemmKernels.columnTile(
                        tiles,
                        gradients,
                        gradientStart + outPanel * L * tiles,
                        inputs,
                        inputStart + from * tiles,
                        sums,
                        planeSums + outPanel * L * paddedIn + from,
                        paddedIn,
                        add);
            }
        }
    }

    private void outputStep(int k, int worker) {
        Winograd.Scratch own = scratch[worker];
        int paddedIn = Lanes.roundUp(inChannels, PANEL);
        int planeStride = outStride() * paddedIn;
        own.input = Lanes.grown(own.input, Winograd.PLANES * paddedIn);
        own.product = Lanes.grown(own.product, 9 * paddedIn);
        for (int plane = 0; plane < Winograd.PLANES; plane++) {
            addGroups(plane * planeStride + k * paddedIn, paddedIn, own.input, plane * paddedIn);
        }
        for (int c = 0; c < inChannels; c += L) {
            Winograd.weightGradientTile(own.input, c, paddedIn, own.product, c, paddedIn, own.tile);
        }
        for (int tap = 0; tap < 9; tap++) {
            int to = dwo + (k * 9 + tap) * inChannels;
            for (int c = 0; c < inChannels; c++) {
                dw[to + c] += own.product[tap * paddedIn + c];
            }
        }
    }

    /** The groups' sums at {@code from}, added in the order of the groups. */
    private void addGroups(int from, int count, float[] sum, int to) {
        System.arraycopy(weightSums, from, sum, to, count);
        int groupStride = Winograd.PLANES * outStride() * Lanes.roundUp(inChannels, PANEL);
        for (int group = 1; group < groups; group++) {
            int at = group * groupStride + from;
            for (int i = 0; i < count; i++) {
                sum[to + i] += weightSums[at + i];
            }
        }
    }
}
