package keisei.device;

import org.jspecify.annotations.Nullable;

/**
 * Convolutions, NHWC, weights {@code [K, R, S, C]}, cross-correlation as in PyTorch. Sums are accumulated in
 * {@link Device#realType()}; float32 results agree with float64 within about 1e-6 relative L2 (Winograd).
 */
public interface ConvolutionKernels {
    /** Prepares weights {@code [K, R, S, C]} for this shape; the caller closes the result. */
    PreparedWeights prepare(ConvolutionShape shape, Slice weights);

    /** {@code y[N, H, W, K] = epilogue(conv(x[N, H, W, C]))}. */
    void forward(PreparedWeights weights, int batch, Slice x, Epilogue epilogue, Slice y);

    /** {@code dx[N, H, W, C]} from {@code dy[N, H, W, K]}; adds to {@code dx} when {@code accumulate}. */
    void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate);

    /** Accumulates {@code dw[K, R, S, C]} and, where given, {@code dbias[K]}. */
    void backwardWeights(ConvolutionShape shape, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias);
}
