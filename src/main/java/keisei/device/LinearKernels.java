package keisei.device;

import org.jspecify.annotations.Nullable;

/** Linear layers {@code y = x W^T + b} with weights {@code [out, in]}. */
public interface LinearKernels {
    /** Prepares weights {@code [out, in]}; the caller closes the result. */
    PreparedWeights prepare(int in, int out, Slice weights);

    /** {@code y[N, out]} from {@code x[N, in]}. */
    void forward(PreparedWeights weights, int batch, Slice x, @Nullable Slice bias, Slice y);

    /** {@code dx[N, in]} from {@code dy[N, out]}; adds when {@code accumulate}. */
    void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate);

    /** Accumulates {@code dw[out, in]} and, where given, {@code dbias[out]}. */
    void backwardWeights(int in, int out, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias);
}
