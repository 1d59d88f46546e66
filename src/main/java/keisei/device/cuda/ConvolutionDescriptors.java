package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnConvolutionDescriptor;
import jcuda.jcudnn.cudnnConvolutionMode;
import jcuda.jcudnn.cudnnDataType;
import jcuda.jcudnn.cudnnFilterDescriptor;
import jcuda.jcudnn.cudnnMathType;
import jcuda.jcudnn.cudnnTensorDescriptor;
import jcuda.jcudnn.cudnnTensorFormat;
import keisei.device.ConvolutionShape;
import keisei.device.DType;

/**
 * cuDNN's descriptions of one convolution: images NHWC, filters {@code [K, R, S, C]}, sums in float32. One
 * description of the convolution itself for each direction, since each direction's algorithm sets its own math type.
 */
final class ConvolutionDescriptors implements AutoCloseable {
    final Tensor x;
    final Tensor y;
    final Filter w;
    final Convolution forward;
    final Convolution backwardData;
    final Convolution backwardWeights;

    ConvolutionDescriptors(ConvolutionShape shape, int batch, DType dtype, boolean tf32) {
        x = new Tensor(dtype, batch, shape.inChannels(), shape);
        y = new Tensor(dtype, batch, shape.outChannels(), shape);
        w = new Filter(dtype, shape);
        int math = math(dtype, tf32);
        forward = new Convolution(shape, math);
        backwardData = new Convolution(shape, math);
        backwardWeights = new Convolution(shape, math);
    }

    /** The default would let cuDNN round float32 factors to TF32. */
    private static int math(DType dtype, boolean tf32) {
        if (dtype == DType.F16) {
            return cudnnMathType.CUDNN_TENSOR_OP_MATH;
        }
        return tf32 ? cudnnMathType.CUDNN_DEFAULT_MATH : cudnnMathType.CUDNN_FMA_MATH;
    }

    /** Images of one number of channels. */
    static final class Tensor extends cudnnTensorDescriptor {
        Tensor(DType dtype, int batch, int channels, ConvolutionShape shape) {
            Cudnn.check(JCudnn.cudnnCreateTensorDescriptor(this), "cudnnCreateTensorDescriptor", "");
            int status = JCudnn.cudnnSetTensor4dDescriptor(
                    this,
                    cudnnTensorFormat.CUDNN_TENSOR_NHWC,
                    Cudnn.type(dtype),
                    batch,
                    channels,
                    shape.height(),
                    shape.width());
            String sizes = "%d images of %d channels, %s".formatted(batch, channels, shape);
            Cudnn.check(status, "cudnnSetTensor4dDescriptor", sizes);
        }

        MemorySegment address() {
            return MemorySegment.ofAddress(getNativePointer());
        }
    }

    /** Weights. */
    static final class Filter extends cudnnFilterDescriptor {
        Filter(DType dtype, ConvolutionShape shape) {
            Cudnn.check(JCudnn.cudnnCreateFilterDescriptor(this), "cudnnCreateFilterDescriptor", "");
            int status = JCudnn.cudnnSetFilter4dDescriptor(
                    this,
                    Cudnn.type(dtype),
                    cudnnTensorFormat.CUDNN_TENSOR_NHWC,
                    shape.outChannels(),
                    shape.inChannels(),
                    shape.kernel(),
                    shape.kernel());
            Cudnn.check(status, "cudnnSetFilter4dDescriptor", shape.toString());
        }

        MemorySegment address() {
            return MemorySegment.ofAddress(getNativePointer());
        }
    }

    /** Padding, stride and arithmetic. */
    static final class Convolution extends cudnnConvolutionDescriptor {
        Convolution(ConvolutionShape shape, int math) {
            Cudnn.check(JCudnn.cudnnCreateConvolutionDescriptor(this), "cudnnCreateConvolutionDescriptor", "");
            int padding = shape.kernel() / 2;
            int status = JCudnn.cudnnSetConvolution2dDescriptor(
                    this,
                    padding,
                    padding,
                    1,
                    1,
                    1,
                    1,
                    cudnnConvolutionMode.CUDNN_CROSS_CORRELATION,
                    cudnnDataType.CUDNN_DATA_FLOAT);
            Cudnn.check(status, "cudnnSetConvolution2dDescriptor", shape.toString());
            setMath(math);
        }

        /** What an algorithm was found with. */
        void setMath(int math) {
            Cudnn.check(JCudnn.cudnnSetConvolutionMathType(this, math), "cudnnSetConvolutionMathType", "type " + math);
        }

        MemorySegment address() {
            return MemorySegment.ofAddress(getNativePointer());
        }
    }

    @Override
    public void close() {
        for (Tensor tensor : new Tensor[] {x, y}) {
            Cudnn.check(JCudnn.cudnnDestroyTensorDescriptor(tensor), "cudnnDestroyTensorDescriptor", "");
        }
        Cudnn.check(JCudnn.cudnnDestroyFilterDescriptor(w), "cudnnDestroyFilterDescriptor", "");
        for (Convolution convolution : new Convolution[] {forward, backwardData, backwardWeights}) {
            int status = JCudnn.cudnnDestroyConvolutionDescriptor(convolution);
            Cudnn.check(status, "cudnnDestroyConvolutionDescriptor", "");
        }
    }
}
