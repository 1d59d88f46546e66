package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnDeterminism;
import keisei.device.DType;

/**
 * Which of cuDNN's algorithms computes a convolution: the fastest of those that give the same bits on every run and
 * need no more workspace than is allowed. cuDNN's functions are called directly, because JCuda's lose the math type
 * of the results. Measured, or by cuDNN's own rules where the choice itself must be the same on every run.
 */
final class AlgorithmSearch {
    private static final String OWNER = "search for algorithms";
    private static final int MOST_RESULTS = 16;
    /** cudnnConvolution*AlgoPerf_t: algorithm, status, time; bytes; determinism, math type, 3 reserved. */
    private static final long RESULT_BYTES = 48;

    private static final long STATUS_AT = 4;
    private static final long MEMORY_AT = 16;
    private static final long DETERMINISM_AT = 24;
    private static final long MATH_AT = 28;

    private final Cudnn cudnn;
    private final CudaMemory memory;
    private final boolean measure;
    private final long workspaceLimitBytes;

    /** An algorithm with the math type that it was found with. */
    record Choice(int algorithm, int math, long workspaceBytes) {}

    /**
     * @param measure whether the fastest is found by trying
     * @param workspaceLimitBytes the most that an algorithm may need
     */
    AlgorithmSearch(Cudnn cudnn, CudaMemory memory, boolean measure, long workspaceLimitBytes) {
        this.cudnn = cudnn;
        this.memory = memory;
        this.measure = measure;
        this.workspaceLimitBytes = workspaceLimitBytes;
    }

    Choice forward(ConvolutionDescriptors of, long x, long w, long outputBytes, String sizes) {
        return measure
                ? measured(
                        "cudnnFindConvolutionForwardAlgorithmEx",
                        sizes,
                        outputBytes,
                        of.x.address(),
                        x,
                        of.w.address(),
                        w,
                        of.forward.address(),
                        of.y.address())
                : ruled(
                        "cudnnGetConvolutionForwardAlgorithm_v7",
                        sizes,
                        of.x.address(),
                        of.w.address(),
                        of.forward.address(),
                        of.y.address());
    }

    Choice backwardData(ConvolutionDescriptors of, long w, long dy, long outputBytes, String sizes) {
        return measure
                ? measured(
                        "cudnnFindConvolutionBackwardDataAlgorithmEx",
                        sizes,
                        outputBytes,
                        of.w.address(),
                        w,
                        of.y.address(),
                        dy,
                        of.backwardData.address(),
                        of.x.address())
                : ruled(
                        "cudnnGetConvolutionBackwardDataAlgorithm_v7",
                        sizes,
                        of.w.address(),
                        of.y.address(),
                        of.backwardData.address(),
                        of.x.address());
    }

    Choice backwardWeights(ConvolutionDescriptors of, long x, long dy, long outputBytes, String sizes) {
        return measure
                ? measured(
                        "cudnnFindConvolutionBackwardFilterAlgorithmEx",
                        sizes,
                        outputBytes,
                        of.x.address(),
                        x,
                        of.y.address(),
                        dy,
                        of.backwardWeights.address(),
                        of.w.address())
                : ruled(
                        "cudnnGetConvolutionBackwardFilterAlgorithm_v7",
                        sizes,
                        of.x.address(),
                        of.y.address(),
                        of.backwardWeights.address(),
                        of.w.address());
    }

    /** The three measuring functions take their arguments in this common order. */
    private Choice measured(
            String function,
            String sizes,
            long outputBytes,
            MemorySegment first,
            long firstAddress,
            MemorySegment second,
            long secondAddress,
            MemorySegment convolution,
            MemorySegment result) {
        try (Arena arena = Arena.ofConfined();
                CudaBuffer output = memory.allocate(DType.U8, Math.toIntExact(outputBytes), OWNER);
                CudaBuffer workspace = memory.allocate(DType.U8, Math.toIntExact(workspaceLimitBytes), OWNER)) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment results = arena.allocate(RESULT_BYTES * MOST_RESULTS, Long.BYTES);
            int status = cudnn.calls()
                    .call(
                            function,
                            cudnn.handleAddress(),
                            first,
                            MemorySegment.ofAddress(firstAddress),
                            second,
                            MemorySegment.ofAddress(secondAddress),
                            convolution,
                            result,
                            MemorySegment.ofAddress(output.address()),
                            MOST_RESULTS,
                            count,
                            results,
                            MemorySegment.ofAddress(workspace.address()),
                            workspaceLimitBytes);
            Cudnn.check(status, function, sizes);
            return best(function, sizes, results, count.get(ValueLayout.JAVA_INT, 0));
        }
    }

    private Choice ruled(
            String function,
            String sizes,
            MemorySegment first,
            MemorySegment second,
            MemorySegment convolution,
            MemorySegment result) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment results = arena.allocate(RESULT_BYTES * MOST_RESULTS, Long.BYTES);
            int status = cudnn.calls()
                    .call(
                            function,
                            cudnn.handleAddress(),
                            first,
                            second,
                            convolution,
                            result,
                            MOST_RESULTS,
                            count,
                            results);
            Cudnn.check(status, function, sizes);
            return best(function, sizes, results, count.get(ValueLayout.JAVA_INT, 0));
        }
    }

    /** Results come fastest first. */
    private Choice best(String function, String sizes, MemorySegment results, int count) {
        int lastStatus = Cudnn.NOT_SUPPORTED;
        for (int i = 0; i < count; i++) {
            MemorySegment one = results.asSlice(i * RESULT_BYTES, RESULT_BYTES);
            int status = one.get(ValueLayout.JAVA_INT, STATUS_AT);
            long bytes = one.get(ValueLayout.JAVA_LONG, MEMORY_AT);
            boolean same = one.get(ValueLayout.JAVA_INT, DETERMINISM_AT) == cudnnDeterminism.CUDNN_DETERMINISTIC;
            if (status == 0 && same && bytes <= workspaceLimitBytes) {
                return new Choice(one.get(ValueLayout.JAVA_INT, 0), one.get(ValueLayout.JAVA_INT, MATH_AT), bytes);
            }
            lastStatus = status == 0 ? lastStatus : status;
        }
        throw new CudaException(
                "%s(%s) found no algorithm among %d that gives the same bits on every run within %d MiB of workspace (%s)"
                        .formatted(
                                function,
                                sizes,
                                count,
                                workspaceLimitBytes >> 20,
                                JCudnn.cudnnGetErrorString(lastStatus)));
    }
}
