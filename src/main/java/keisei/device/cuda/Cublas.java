package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.cudaDataType;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasPointerMode;
import jcuda.jcublas.cublasStatus;
import keisei.device.DType;

/**
 * Matrix products of row-major matrices by cuBLAS, whose own order is column-major: it is told to compute the
 * transposed product of the transposed matrices, which are the same bytes. Sums are float32. On one stream with
 * memory of its own cuBLAS gives the same bits on every run.
 */
final class Cublas implements AutoCloseable {
    /** What NVIDIA recommends from Hopper on; smaller devices are given less. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private static final long SMALL_WORKSPACE_BYTES = 4L << 20;
    private static final long SMALL_DEVICE_BYTES = 4L << 30;

    private final CudaContext context;
    private final CudaStream stream;
    private final CudaWorkspace workspace;
    private final int floatCompute;
    private final cublasHandle handle = new cublasHandle();
    private final Arena arena = Arena.ofShared();
    private final Pointer one;
    private final Pointer zero;
    private boolean hasWorkspace;

    /** @param tf32 whether products of float32 matrices may round their factors */
    Cublas(CudaContext context, CudaStream stream, CudaWorkspace workspace, boolean tf32) {
        this.context = context;
        this.stream = stream;
        this.workspace = workspace;
        floatCompute = tf32 ? cublasComputeType.CUBLAS_COMPUTE_32F_FAST_TF32 : cublasComputeType.CUBLAS_COMPUTE_32F;
        MemorySegment constants = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 0);
        one = NativePointer.of(constants);
        zero = NativePointer.of(constants.asSlice(Float.BYTES));
        check(JCublas2.cublasCreate(handle), "cublasCreate", "");
        check(JCublas2.cublasSetStream(handle, stream.libraryHandle()), "cublasSetStream", "");
        check(
                JCublas2.cublasSetPointerMode(handle, cublasPointerMode.CUBLAS_POINTER_MODE_HOST),
                "cublasSetPointerMode",
                "");
    }

    /** Before the first product: memory that cuBLAS allocates itself cannot be recorded. */
    private void provideWorkspace() {
        long bytes = context.memory().totalBytes() < SMALL_DEVICE_BYTES ? SMALL_WORKSPACE_BYTES : WORKSPACE_BYTES;
        Pointer address = NativePointer.of(workspace.address(bytes));
        check(JCublas2.cublasSetWorkspace(handle, address, bytes), "cublasSetWorkspace", bytes + " bytes");
        hasWorkspace = true;
    }

    /**
     * {@code c[m, n] = a * b}, or {@code c += a * b} when {@code accumulate}, all row-major and without gaps.
     *
     * @param factors type of {@code a} and {@code b}, F32 or F16
     * @param a {@code [m, k]}, or {@code [k, m]} when {@code transposeA}
     * @param b {@code [k, n]}, or {@code [n, k]} when {@code transposeB}
     * @param result type of {@code c}: F32, or that of the factors
     */
    void product(
            int m,
            int n,
            int k,
            DType factors,
            long a,
            boolean transposeA,
            long b,
            boolean transposeB,
            boolean accumulate,
            DType result,
            long c) {
        if (factors == DType.F32 && result != DType.F32) {
            throw new IllegalArgumentException("a product of F32 matrices is F32, not " + result);
        }
        if (!hasWorkspace) {
            provideWorkspace();
        }
        context.makeCurrent();
        int type = type(factors);
        LaunchListener listener = stream.listener();
        if (listener != null) {
            String sizes = "cublasGemmEx %s [%d, %d] x [%d, %d] to %s".formatted(factors, m, k, k, n, result);
            double elements = ((double) m * k + (double) k * n) * factors.bytes() + (double) m * n * result.bytes();
            listener.begins(sizes, 2.0 * m * n * k, elements);
        }
        int status = JCublas2.cublasGemmEx_new(
                handle,
                operation(transposeB),
                operation(transposeA),
                n,
                m,
                k,
                one,
                NativePointer.of(b),
                type,
                transposeB ? k : n,
                NativePointer.of(a),
                type,
                transposeA ? m : k,
                accumulate ? one : zero,
                NativePointer.of(c),
                type(result),
                n,
                factors == DType.F32 ? floatCompute : cublasComputeType.CUBLAS_COMPUTE_32F,
                cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
        if (status != 0) {
            String sizes = "[%d, %d] %s times [%d, %d] to %s".formatted(m, k, factors, k, n, result);
            check(status, "cublasGemmEx", sizes);
        }
        if (listener != null) {
            listener.ends();
        }
    }

    private static int operation(boolean transpose) {
        return transpose ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
    }

    private static int type(DType dtype) {
        return dtype == DType.F16 ? cudaDataType.CUDA_R_16F : cudaDataType.CUDA_R_32F;
    }

    private static void check(int status, String call, String sizes) {
        if (status != 0) {
            throw new CudaException(
                    "%s(%s) failed: %s (%d)".formatted(call, sizes, cublasStatus.stringFor(status), status));
        }
    }

    @Override
    public void close() {
        check(JCublas2.cublasDestroy(handle), "cublasDestroy", "");
        arena.close();
    }
}
