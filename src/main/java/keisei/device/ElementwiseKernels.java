package keisei.device;

/** Element-wise primitives over slices of equal length. */
public interface ElementwiseKernels {
    /** {@code destination[i] = value}; for integer types the value is truncated. */
    void fill(Slice destination, double value);

    /** {@code destination[i] = source[i]}, same type. */
    void copy(Slice source, Slice destination);

    /** {@code out[i] = a[i] + b[i]}; {@code out} may be {@code a} or {@code b}. */
    void add(Slice a, Slice b, Slice out);

    /** {@code destination[i] += source[i]}. */
    void accumulate(Slice source, Slice destination);

    /** {@code x[i] *= factor}. */
    void scale(Slice x, double factor);

    /** {@code y[i] = f(x[i])}; {@code y} may be {@code x}. */
    void activate(Activation f, Slice x, Slice y);

    /**
     * {@code dx[i] = f'(x[i]) * dy[i]}, with f' from the output {@code y}.
     *
     * @param accumulate adds to {@code dx} instead of overwriting it; without it {@code dx} may be {@code dy}
     */
    void activateBackward(Activation f, Slice y, Slice dy, Slice dx, boolean accumulate);

    /** {@code [N, spatial, C]} to {@code [N, C, spatial]}: PyTorch's flatten order of an NCHW image. */
    void flattenChannelMajor(int batch, int spatial, int channels, Slice x, Slice y);

    /** The gradient of {@link #flattenChannelMajor}: {@code [N, C, spatial]} to {@code [N, spatial, C]}. */
    void flattenChannelMajorBackward(int batch, int spatial, int channels, Slice dy, Slice dx, boolean accumulate);
}
