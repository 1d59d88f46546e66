package keisei.device.cuda;

import keisei.device.DType;
import keisei.device.DeviceMemoryException;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * Weights of a layer: the master weights themselves where libraries can read them, and a float16 copy for float16
 * operands. Copies are device memory of the owner {@code "<owner of the weights> (prepared)"}.
 */
abstract sealed class CudaPreparedWeights implements PreparedWeights
        permits CudaLinear.Weights, CudaConvolution.Weights {
    private final CudaRuntime runtime;
    private final Slice weights;
    private final Copy half = new Copy(DType.F16);
    private final Copy full = new Copy(DType.F32);
    private boolean closed;

    /** A derived copy, made when it is first needed. */
    private final class Copy {
        private final DType dtype;
        private @Nullable CudaBuffer buffer;
        private boolean isFresh;

        Copy(DType dtype) {
            this.dtype = dtype;
        }

        long address() {
            CudaBuffer copy = buffer;
            if (copy == null) {
                String owner = weights.buffer().owner() + " (prepared)";
                copy = runtime.memory().allocate(dtype, weights.length(), owner);
                buffer = copy;
            }
            if (!isFresh) {
                long master = runtime.operands().address("weights", weights);
                runtime.transforms().convert(weights.length(), DType.F32, master, dtype, copy.address());
                isFresh = true;
            }
            return copy.address();
        }

        void refresh() {
            if (buffer != null) {
                address();
            }
        }

        void close() {
            if (buffer != null) {
                buffer.close();
            }
        }
    }

    /** @param weights F32 */
    CudaPreparedWeights(CudaRuntime runtime, Slice weights) {
        this.runtime = runtime;
        this.weights = weights;
    }

    /** Whether they belong to a device. */
    final boolean isOf(CudaRuntime other) {
        return runtime == other;
    }

    /** Address of the weights as this type, a multiple of 16. */
    final long address(DType dtype) {
        requireOpen();
        if (dtype == DType.F16) {
            return half.address();
        }
        long master = runtime.operands().address("weights", weights);
        return CudaTransforms.isAligned(master) ? master : full.address();
    }

    private void requireOpen() {
        if (closed) {
            throw new DeviceMemoryException("prepared weights of '%s' were used after they were closed"
                    .formatted(weights.buffer().owner()));
        }
    }

    @Override
    public final void invalidate() {
        half.isFresh = false;
        full.isFresh = false;
    }

    @Override
    public final void refresh() {
        requireOpen();
        half.refresh();
        full.refresh();
    }

    @Override
    public final void close() {
        if (closed) {
            throw new DeviceMemoryException("prepared weights of '%s' were closed twice"
                    .formatted(weights.buffer().owner()));
        }
        closed = true;
        half.close();
        full.close();
    }
}
