package keisei.device.cuda;

/**
 * One way to compute convolutions of one shape, batch and type. Operands are addresses, multiples of 16 unless said
 * otherwise; 0 is an operand that is not there.
 */
interface ConvolutionEngine extends AutoCloseable {
    /**
     * {@code y = f(scale[k] * conv(x) + shift[k] + residual)}; {@code y} is not {@code residual}.
     *
     * @param scale any address
     * @param shift any address
     */
    void forward(long x, long w, long scale, long shift, long residual, boolean relu, long y);

    /** {@code dx = } the gradient, or {@code dx +=} it. */
    void backwardData(long w, long dy, boolean accumulate, long dx);

    /** {@code dw += } the gradient; {@code dw} is F32 at any address. */
    void backwardWeights(long x, long dy, long dw);

    @Override
    void close();
}
