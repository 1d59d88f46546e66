package keisei.device.cuda;

import jcuda.Pointer;
import jcuda.jcudnn.JCudnn;
import keisei.device.ConvolutionShape;
import keisei.device.DType;
import org.jspecify.annotations.Nullable;

/** A convolution by cuDNN's calls for whole convolutions, with our epilogue in a pass of its own. */
final class LegacyConvolution implements ConvolutionEngine {
    private final Cudnn cudnn;
    private final CudaStream stream;
    private final AlgorithmSearch search;
    private final CudaTransforms transforms;
    private final CudaWorkspace workspace;
    private final CudaWorkspace gradients;
    private final ConvolutionShape shape;
    private final int batch;
    private final DType dtype;
    private final ConvolutionDescriptors descriptors;
    private AlgorithmSearch.@Nullable Choice forward;
    private AlgorithmSearch.@Nullable Choice backwardData;
    private AlgorithmSearch.@Nullable Choice backwardWeights;

    /**
     * @param workspace of cuDNN
     * @param gradients for gradients of weights that are not F32
     */
    LegacyConvolution(
            CudaRuntime runtime,
            AlgorithmSearch search,
            CudaWorkspace workspace,
            CudaWorkspace gradients,
            ConvolutionShape shape,
            int batch,
            DType dtype) {
        this.cudnn = runtime.cudnn();
        this.stream = runtime.stream();
        this.search = search;
        this.transforms = runtime.transforms();
        this.workspace = workspace;
        this.gradients = gradients;
        this.shape = shape;
        this.batch = batch;
        this.dtype = dtype;
        descriptors = new ConvolutionDescriptors(
                shape, batch, dtype, runtime.options().tf32());
    }

    private String sizes() {
        return "%d images of %s, %s".formatted(batch, dtype, shape);
    }

    private long imageBytes(int channels) {
        return (long) batch * shape.spatial() * channels * dtype.bytes();
    }

    @Override
    public void forward(long x, long w, long scale, long shift, long residual, boolean relu, long y) {
        AlgorithmSearch.Choice choice = forward;
        if (choice == null) {
            choice = search.forward(descriptors, x, w, imageBytes(shape.outChannels()), sizes());
            descriptors.forward.setMath(choice.math());
            forward = choice;
        }
        begins("cudnnConvolutionForward");
        int status = JCudnn.cudnnConvolutionForward(
                cudnn.handle(),
                cudnn.one(),
                descriptors.x,
                NativePointer.of(x),
                descriptors.w,
                NativePointer.of(w),
                descriptors.forward,
                choice.algorithm(),
                NativePointer.of(workspace.address(choice.workspaceBytes())),
                choice.workspaceBytes(),
                cudnn.zero(),
                descriptors.y,
                NativePointer.of(y));
        check(status, "cudnnConvolutionForward", choice);
        ends();
        if (scale != 0 || shift != 0 || residual != 0 || relu) {
            int rows = batch * shape.spatial();
            transforms.epilogue(dtype, rows, shape.outChannels(), y, scale, shift, residual, relu, y);
        }
    }

    @Override
    public void backwardData(long w, long dy, boolean accumulate, long dx) {
        AlgorithmSearch.Choice choice = backwardData;
        if (choice == null) {
            choice = search.backwardData(descriptors, w, dy, imageBytes(shape.inChannels()), sizes());
            descriptors.backwardData.setMath(choice.math());
            backwardData = choice;
        }
        begins("cudnnConvolutionBackwardData");
        int status = JCudnn.cudnnConvolutionBackwardData(
                cudnn.handle(),
                cudnn.one(),
                descriptors.w,
                NativePointer.of(w),
                descriptors.y,
                NativePointer.of(dy),
                descriptors.backwardData,
                choice.algorithm(),
                NativePointer.of(workspace.address(choice.workspaceBytes())),
                choice.workspaceBytes(),
                accumulate ? cudnn.one() : cudnn.zero(),
                descriptors.x,
                NativePointer.of(dx));
        check(status, "cudnnConvolutionBackwardData", choice);
        ends();
    }

    @Override
    public void backwardWeights(long x, long dy, long dw) {
        int count = shape.weightCount();
        if (dtype == DType.F32 && CudaTransforms.isAligned(dw)) {
            gradientOfWeights(x, dy, cudnn.one(), dw);
            return;
        }
        // cuDNN writes the gradient of float16 images as float16.
        long gradient = gradients.address((long) count * dtype.bytes());
        gradientOfWeights(x, dy, cudnn.zero(), gradient);
        transforms.accumulateWeights(dtype, count, gradient, dw);
    }

    private void gradientOfWeights(long x, long dy, Pointer beta, long dw) {
        AlgorithmSearch.Choice choice = backwardWeights;
        if (choice == null) {
            long bytes = (long) shape.weightCount() * dtype.bytes();
            choice = search.backwardWeights(descriptors, x, dy, bytes, sizes());
            descriptors.backwardWeights.setMath(choice.math());
            backwardWeights = choice;
        }
        begins("cudnnConvolutionBackwardFilter");
        int status = JCudnn.cudnnConvolutionBackwardFilter(
                cudnn.handle(),
                cudnn.one(),
                descriptors.x,
                NativePointer.of(x),
                descriptors.y,
                NativePointer.of(dy),
                descriptors.backwardWeights,
                choice.algorithm(),
                NativePointer.of(workspace.address(choice.workspaceBytes())),
                choice.workspaceBytes(),
                beta,
                descriptors.w,
                NativePointer.of(dw));
        check(status, "cudnnConvolutionBackwardFilter", choice);
        ends();
    }

    private void begins(String call) {
        LaunchListener listener = stream.listener();
        if (listener != null) {
            listener.begins(profileName(call, batch, shape, dtype), flops(batch, shape), LaunchListener.UNKNOWN);
        }
    }

    private void ends() {
        LaunchListener listener = stream.listener();
        if (listener != null) {
            listener.ends();
        }
    }

    /** The call and its sizes in short. */
    static String profileName(String call, int batch, ConvolutionShape shape, DType dtype) {
        return "%s %s %d x %dx%d, %d -> %d, kernel %d"
                .formatted(
                        call,
                        dtype,
                        batch,
                        shape.height(),
                        shape.width(),
                        shape.inChannels(),
                        shape.outChannels(),
                        shape.kernel());
    }

    /** Multiplications and additions of a direct convolution, whatever the algorithm. */
    static double flops(int batch, ConvolutionShape shape) {
        return 2.0 * batch * shape.spatial() * shape.weightCount();
    }

    private void check(int status, String call, AlgorithmSearch.Choice choice) {
        if (status != 0) {
            Cudnn.check(status, call, "%s, %s".formatted(sizes(), choice));
        }
    }

    @Override
    public void close() {
        descriptors.close();
    }
}
