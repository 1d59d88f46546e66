package keisei.device.cuda;

import keisei.device.DType;

/**
 * Launches of our kernels around the libraries' products: conversion, epilogue, bias, sums of columns. Operands are
 * addresses that were checked before. Results of reductions are the same bit for bit on every run.
 */
final class CudaTransforms {
    private static final int THREADS = 256;
    private static final int MOST_BLOCKS = 4096;
    private static final int MOST_CHUNKS = 256;
    private static final int CHUNK_ROWS = 32;
    private static final int ALIGNMENT_BYTES = 16;

    private final CudaStream stream;
    private final CudaModules modules;
    private final CudaWorkspace partialSums;

    CudaTransforms(CudaStream stream, CudaModules modules, CudaWorkspace partialSums) {
        this.stream = stream;
        this.modules = modules;
        this.partialSums = partialSums;
    }

    /** Whether libraries may use their widest accesses on it. */
    static boolean isAligned(long address) {
        return address % ALIGNMENT_BYTES == 0;
    }

    /** {@code to[i] = from[i]}, also from F32 to F16 and back. */
    void convert(int count, DType fromType, long from, DType toType, long to) {
        if (fromType == toType) {
            stream.copy(from, to, (long) count * fromType.bytes());
            return;
        }
        CudaKernel kernel = modules.kernel("elementwise", fromType == DType.F32 ? "copy_f32_f16" : "copy_f16_f32");
        kernel.integer(count).address(from).address(to).launch(blocks(count, THREADS * 4), 1, THREADS, 0);
    }

    /** {@code y = f(scale[k] * x + shift[k] + residual)}; absent operands are 0; {@code y} may be {@code x}. */
    void epilogue(
            DType dtype, int rows, int channels, long x, long scale, long shift, long residual, boolean relu, long y) {
        modules.kernel("elementwise", "epilogue" + suffix(dtype))
                .integer(rows)
                .integer(channels)
                .address(x)
                .address(scale)
                .address(shift)
                .address(residual)
                .integer(relu ? 1 : 0)
                .address(y)
                .launch(rowBlocks(rows, channels), tiles(channels), THREADS, 0);
    }

    /** {@code y[row, k] += bias[k]}. */
    void addBias(DType dtype, int rows, int columns, long bias, long y) {
        modules.kernel("linear", "bias_add" + suffix(dtype))
                .integer(rows)
                .integer(columns)
                .address(bias)
                .address(y)
                .launch(rowBlocks(rows, columns), tiles(columns), THREADS, 0);
    }

    /** {@code sums[k] += sum over rows of x[row, k]}. */
    void addColumnSums(DType dtype, int rows, int columns, long x, long sums) {
        int chunks = Math.clamp(Math.ceilDiv(rows, CHUNK_ROWS), 1, MOST_CHUNKS);
        long partial = partialSums.address((long) chunks * columns * Float.BYTES);
        modules.kernel("linear", "column_sum" + suffix(dtype))
                .integer(rows)
                .integer(columns)
                .address(x)
                .address(partial)
                .launch(chunks, tiles(columns), THREADS, 0);
        modules.kernel("linear", "column_sum_chunks")
                .integer(chunks)
                .integer(columns)
                .address(partial)
                .address(sums)
                .launch(Math.ceilDiv(columns, 32), 1, THREADS, 0);
    }

    /** {@code sum[i] += x[i]}, both of one type. */
    void accumulate(DType dtype, int count, long x, long sum) {
        modules.kernel("elementwise", "add" + suffix(dtype))
                .integer(count)
                .address(sum)
                .address(x)
                .address(sum)
                .launch(blocks(count, THREADS * 4), 1, THREADS, 0);
    }

    /** {@code sum[i] += gradient[i]}; the sum is F32. */
    void accumulateWeights(DType dtype, int count, long gradient, long sum) {
        modules.kernel("weights", "weights_accumulate" + suffix(dtype))
                .integer(1)
                .integer(count)
                .integer(count)
                .address(gradient)
                .address(sum)
                .launch(blocks(count, THREADS * 4), 1, THREADS, 0);
    }

    private static String suffix(DType dtype) {
        return dtype == DType.F16 ? "_f16" : "_f32";
    }

    private static int blocks(long elements, int perBlock) {
        return (int) Math.min(Math.ceilDiv(elements, perBlock), MOST_BLOCKS);
    }

    /** A block takes about 1024 elements of its tile of channels. */
    private static int rowBlocks(int rows, int columns) {
        return blocks((long) rows * columns, THREADS * 4);
    }

    private static int tiles(int columns) {
        return Math.ceilDiv(columns, THREADS * 4);
    }
}
