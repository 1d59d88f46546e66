package keisei.device.cuda;

import static jcuda.jcudnn.cudnnBackendAttributeName.*;
import static jcuda.jcudnn.cudnnBackendDescriptorType.*;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendAttributeType;
import jcuda.jcudnn.cudnnBackendHeurMode;
import jcuda.jcudnn.cudnnBackendNumericalNote;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnPointwiseMode;
import keisei.device.ConvolutionShape;
import keisei.device.DType;

/**
 * A convolution with its epilogue in one kernel, by cuDNN's backend graphs: the output stays in registers as float32
 * while it is scaled, shifted, added to and clipped.
 */
final class FusedConvolution implements AutoCloseable {
    private static final int MOST_ENGINES = 16;
    private static final int MOST_NOTES = 32;
    private static final int ALIGNMENT_BYTES = 16;
    private static final long X = 1;
    private static final long W = 2;
    private static final long Y = 3;
    private static final long SCALE = 4;
    private static final long SHIFT = 5;
    private static final long RESIDUAL = 6;
    private static final long FIRST_VIRTUAL = 100;

    private final Cudnn cudnn;
    private final ConvolutionShape shape;
    private final int batch;
    private final DType dtype;
    private final List<BackendDescriptor> owned = new ArrayList<>();
    private final List<BackendDescriptor> operations = new ArrayList<>();
    private final List<Long> ids = new ArrayList<>(List.of(X, W, Y));
    private long nextVirtual = FIRST_VIRTUAL;

    /** Which parts of an epilogue there are. */
    record Parts(boolean scale, boolean shift, boolean residual, boolean relu) {
        int count() {
            return (scale ? 1 : 0) + (shift ? 1 : 0) + (residual ? 1 : 0) + (relu ? 1 : 0);
        }

        /** For reports, such as {@code " + scale + relu"}. */
        String text() {
            return (scale ? " + scale" : "")
                    + (shift ? " + shift" : "")
                    + (residual ? " + residual" : "")
                    + (relu ? " + relu" : "");
        }
    }

    private record Plan(BackendDescriptor descriptor, long workspaceBytes) {}

    private final Plan plan;

    private FusedConvolution(CudaRuntime runtime, ConvolutionShape shape, int batch, DType dtype, Parts parts)
            throws Unsupported {
        cudnn = runtime.cudnn();
        this.shape = shape;
        this.batch = batch;
        this.dtype = dtype;
        boolean made = false;
        try {
            convolutionWithEpilogue(parts);
            plan = plan(dtype == DType.F32 && !runtime.options().tf32());
            made = true;
        } finally {
            if (!made) {
                close();
            }
        }
    }

    /** cuDNN has no engine for this. */
    private static final class Unsupported extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /** Empty when cuDNN has no engine for it. */
    static Optional<FusedConvolution> make(
            CudaRuntime runtime, ConvolutionShape shape, int batch, DType dtype, Parts parts) {
        try {
            return Optional.of(new FusedConvolution(runtime, shape, batch, dtype, parts));
        } catch (Unsupported e) {
            return Optional.empty();
        }
    }

    private BackendDescriptor descriptor(int kind) {
        BackendDescriptor descriptor = new BackendDescriptor(kind);
        owned.add(descriptor);
        return descriptor;
    }

    /** {@code [n, c, h, w]} stored as {@code [n, h, w, c]}. */
    private BackendDescriptor tensor(long id, int type, long n, long c, long h, long w, boolean isVirtual) {
        BackendDescriptor tensor = descriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR)
                .choice(CUDNN_ATTR_TENSOR_DATA_TYPE, cudnnBackendAttributeType.CUDNN_TYPE_DATA_TYPE, type)
                .integers(CUDNN_ATTR_TENSOR_DIMENSIONS, n, c, h, w)
                .integers(CUDNN_ATTR_TENSOR_STRIDES, h * w * c, 1, w * c, c)
                .integers(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
                .integers(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, ALIGNMENT_BYTES);
        if (isVirtual) {
            tensor.flag(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
        }
        return tensor.finish();
    }

    private BackendDescriptor image(long id) {
        int channels = id == X ? shape.inChannels() : shape.outChannels();
        return tensor(id, Cudnn.type(dtype), batch, channels, shape.height(), shape.width(), false);
    }

    private BackendDescriptor perChannel(long id) {
        ids.add(id);
        return tensor(id, cudnnDataType.CUDNN_DATA_FLOAT, 1, shape.outChannels(), 1, 1, false);
    }

    /** The output of a step: the last one's is y, the others stay in registers. */
    private BackendDescriptor output(boolean isLast) {
        return isLast
                ? image(Y)
                : tensor(
                        nextVirtual++,
                        cudnnDataType.CUDNN_DATA_FLOAT,
                        batch,
                        shape.outChannels(),
                        shape.height(),
                        shape.width(),
                        true);
    }

    private void convolutionWithEpilogue(Parts parts) {
        int left = parts.count();
        BackendDescriptor value = output(left == 0);
        convolution(value);
        if (parts.scale) {
            value = pointwise(cudnnPointwiseMode.CUDNN_POINTWISE_MUL, value, perChannel(SCALE), --left == 0);
        }
        if (parts.shift) {
            value = pointwise(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, value, perChannel(SHIFT), --left == 0);
        }
        if (parts.residual) {
            ids.add(RESIDUAL);
            value = pointwise(cudnnPointwiseMode.CUDNN_POINTWISE_ADD, value, image(RESIDUAL), --left == 0);
        }
        if (parts.relu) {
            BackendDescriptor mode = mode(cudnnPointwiseMode.CUDNN_POINTWISE_RELU_FWD);
            operations.add(descriptor(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
                    .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, List.of(mode))
                    .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, List.of(value))
                    .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, List.of(output(true)))
                    .finish());
        }
    }

    private void convolution(BackendDescriptor y) {
        int k = shape.kernel();
        long padding = k / 2;
        BackendDescriptor w = tensor(W, Cudnn.type(dtype), shape.outChannels(), shape.inChannels(), k, k, false);
        BackendDescriptor convolution = descriptor(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR)
                .choice(
                        CUDNN_ATTR_CONVOLUTION_COMP_TYPE,
                        cudnnBackendAttributeType.CUDNN_TYPE_DATA_TYPE,
                        cudnnDataType.CUDNN_DATA_FLOAT)
                .choice(
                        CUDNN_ATTR_CONVOLUTION_CONV_MODE,
                        cudnnBackendAttributeType.CUDNN_TYPE_CONVOLUTION_MODE,
                        cudnnConvolutionMode.CUDNN_CROSS_CORRELATION)
                .integers(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2)
                .integers(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding, padding)
                .integers(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding, padding)
                .integers(CUDNN_ATTR_CONVOLUTION_DILATIONS, 1, 1)
                .integers(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, 1, 1)
                .finish();
        operations.add(descriptor(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
                .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, List.of(image(X)))
                .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, List.of(w))
                .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, List.of(y))
                .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, List.of(convolution))
                .real(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1)
                .real(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0)
                .finish());
    }

    private BackendDescriptor mode(int mode) {
        return descriptor(CUDNN_BACKEND_POINTWISE_DESCRIPTOR)
                .choice(CUDNN_ATTR_POINTWISE_MODE, cudnnBackendAttributeType.CUDNN_TYPE_POINTWISE_MODE, mode)
                .choice(
                        CUDNN_ATTR_POINTWISE_MATH_PREC,
                        cudnnBackendAttributeType.CUDNN_TYPE_DATA_TYPE,
                        cudnnDataType.CUDNN_DATA_FLOAT)
                .finish();
    }

    private BackendDescriptor pointwise(int mode, BackendDescriptor x, BackendDescriptor b, boolean isLast) {
        BackendDescriptor y = output(isLast);
        operations.add(descriptor(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
                .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, List.of(mode(mode)))
                .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, List.of(x))
                .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, List.of(b))
                .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, List.of(y))
                .finish());
        return y;
    }

    /** The first engine in cuDNN's order that is exact enough and can be had. */
    private Plan plan(boolean exactFloats) throws Unsupported {
        BackendDescriptor graph = descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR)
                .handle(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, cudnn)
                .descriptors(CUDNN_ATTR_OPERATIONGRAPH_OPS, operations);
        requireSupported(graph.finishIfSupported());
        BackendDescriptor heuristics = descriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR)
                .descriptors(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, List.of(graph))
                .choice(
                        CUDNN_ATTR_ENGINEHEUR_MODE,
                        cudnnBackendAttributeType.CUDNN_TYPE_HEUR_MODE,
                        cudnnBackendHeurMode.CUDNN_HEUR_MODE_INSTANT);
        requireSupported(heuristics.finishIfSupported());
        List<BackendDescriptor> configurations = new ArrayList<>();
        for (int i = 0; i < MOST_ENGINES; i++) {
            configurations.add(descriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
        }
        int count = heuristics.fill(CUDNN_ATTR_ENGINEHEUR_RESULTS, configurations);
        for (BackendDescriptor configuration : configurations.subList(0, Math.min(count, MOST_ENGINES))) {
            if (isExact(configuration, exactFloats)) {
                BackendDescriptor candidate = descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR)
                        .handle(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, cudnn)
                        .descriptors(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, List.of(configuration));
                if (candidate.finishIfSupported() == 0) {
                    return new Plan(candidate, candidate.integer(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
                }
            }
        }
        throw new Unsupported();
    }

    private static void requireSupported(int status) throws Unsupported {
        if (Cudnn.isUnsupported(status)) {
            throw new Unsupported();
        }
        Cudnn.check(status, "cudnnBackendFinalize", "a convolution with its epilogue");
    }

    /** Not an engine that rounds what it should not, or gives other bits on another run. */
    private boolean isExact(BackendDescriptor configuration, boolean exactFloats) {
        BackendDescriptor engine = descriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
        configuration.fill(CUDNN_ATTR_ENGINECFG_ENGINE, List.of(engine));
        int type = cudnnBackendAttributeType.CUDNN_TYPE_NUMERICAL_NOTE;
        for (int note : engine.choices(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, type, MOST_NOTES)) {
            boolean rounds = note == cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS
                    || note == cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION
                    || note == cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC;
            boolean tensorCores = note == cudnnBackendNumericalNote.CUDNN_NUMERICAL_NOTE_TENSOR_CORE;
            if (rounds || exactFloats && tensorCores) {
                return false;
            }
        }
        return true;
    }

    /** Computes; operands that are not part of the epilogue are ignored. */
    void run(CudaWorkspace workspace, long x, long w, long scale, long shift, long residual, long y) {
        long[] uniqueIds = new long[ids.size()];
        long[] addresses = new long[ids.size()];
        for (int i = 0; i < uniqueIds.length; i++) {
            long id = ids.get(i);
            uniqueIds[i] = id;
            addresses[i] =
                    id == X ? x : id == W ? w : id == Y ? y : id == SCALE ? scale : id == SHIFT ? shift : residual;
        }
        try (BackendDescriptor operands = new BackendDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)) {
            operands.integers(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, uniqueIds)
                    .pointers(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, addresses)
                    .pointers(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace.address(plan.workspaceBytes))
                    .finish();
            int status = JCudnn.cudnnBackendExecute(cudnn.handle(), plan.descriptor, operands);
            Cudnn.check(status, "cudnnBackendExecute", "%d images of %s, %s".formatted(batch, dtype, shape));
        }
    }

    @Override
    public void close() {
        for (BackendDescriptor descriptor : owned.reversed()) {
            descriptor.close();
        }
        owned.clear();
    }
}
