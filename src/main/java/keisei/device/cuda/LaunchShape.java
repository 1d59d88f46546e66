package keisei.device.cuda;

import keisei.device.DType;

/**
 * How many blocks a launch has. It depends on the shape of the operands alone, never on the GPU, since the order of a
 * sum depends on it.
 */
final class LaunchShape {
    /** Threads of a block, {@code kThreads} of the kernels. */
    static final int THREADS = 256;

    /** Chunks of rows of a reduction: enough for every multiprocessor several times, few for the second stage. */
    static final int MOST_CHUNKS = 1024;

    private static final int MOST_BLOCKS = 2048;
    private static final int ELEMENTS_PER_THREAD = 4;
    private static final int ROWS_PER_THREAD = 4;
    private static final int CHUNK_ROWS_PER_THREAD = 8;
    private static final int PACK_BYTES = 16;

    private LaunchShape() {}

    /** Blocks for a loop over elements. */
    static int elements(int count) {
        return Math.min(MOST_BLOCKS, Math.ceilDiv(count, THREADS * ELEMENTS_PER_THREAD));
    }

    /** Blocks for one thread per element. */
    static int threads(int count) {
        return Math.min(MOST_BLOCKS, Math.ceilDiv(count, THREADS));
    }

    /** Threads of one row: a thread has 16 bytes of it where that divides the row. */
    private static int packs(int channels, DType dtype) {
        int width = PACK_BYTES / dtype.bytes();
        return channels % width == 0 ? channels / width : channels;
    }

    /** Tiles of channels, the second dimension of grids over {@code [rows, channels]}. */
    static int channelTiles(int channels, DType dtype) {
        return Math.ceilDiv(packs(channels, dtype), THREADS);
    }

    private static int rowsAtOnce(int channels, DType dtype) {
        return THREADS / Math.min(THREADS, packs(channels, dtype));
    }

    /** Blocks over rows of a kernel without sums. */
    static int rowBlocks(int rows, int channels, DType dtype) {
        return Math.min(MOST_BLOCKS, Math.ceilDiv(rows, rowsAtOnce(channels, dtype) * ROWS_PER_THREAD));
    }

    /** Chunks of rows of a kernel with sums: one block each. */
    static int chunks(int rows, int channels, DType dtype) {
        return Math.min(MOST_CHUNKS, Math.ceilDiv(rows, rowsAtOnce(channels, dtype) * CHUNK_ROWS_PER_THREAD));
    }
}
