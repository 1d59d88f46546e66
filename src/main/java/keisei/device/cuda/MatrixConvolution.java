package keisei.device.cuda;

import keisei.device.ConvolutionShape;
import keisei.device.DType;

/** A 1x1 convolution as the matrix product {@code [N*H*W, C] x [C, K]}. */
final class MatrixConvolution implements ConvolutionEngine {
    private final Cublas cublas;
    private final CudaTransforms transforms;
    private final int rows;
    private final int in;
    private final int out;
    private final DType dtype;

    MatrixConvolution(CudaRuntime runtime, ConvolutionShape shape, int batch, DType dtype) {
        cublas = runtime.cublas();
        transforms = runtime.transforms();
        rows = batch * shape.spatial();
        in = shape.inChannels();
        out = shape.outChannels();
        this.dtype = dtype;
    }

    @Override
    public void forward(long x, long w, long scale, long shift, long residual, boolean relu, long y) {
        cublas.product(rows, out, in, dtype, x, false, w, true, false, dtype, y);
        if (scale != 0 || shift != 0 || residual != 0 || relu) {
            transforms.epilogue(dtype, rows, out, y, scale, shift, residual, relu, y);
        }
    }

    @Override
    public void backwardData(long w, long dy, boolean accumulate, long dx) {
        cublas.product(rows, in, out, dtype, dy, false, w, false, accumulate, dtype, dx);
    }

    @Override
    public void backwardWeights(long x, long dy, long dw) {
        cublas.product(out, in, rows, dtype, dy, true, x, false, true, DType.F32, dw);
    }

    @Override
    public void close() {
        // The handle is the device's.
    }
}
