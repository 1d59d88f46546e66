package keisei.device;

/**
 * A stride-1 convolution with zero padding that keeps the board's size.
 *
 * @param height board rows
 * @param width board columns
 * @param inChannels C, any positive number
 * @param outChannels K, any positive number
 * @param kernel 1 or 3
 */
public record ConvolutionShape(int height, int width, int inChannels, int outChannels, int kernel) {
    /** @throws IllegalArgumentException when a size is not allowed */
    public ConvolutionShape {
        if (height < 1 || width < 1 || inChannels < 1 || outChannels < 1 || (kernel != 1 && kernel != 3)) {
            throw new IllegalArgumentException(
                    "convolution %dx%d board, %d to %d channels, kernel %d: sizes must be positive and kernel 1 or 3"
                            .formatted(height, width, inChannels, outChannels, kernel));
        }
    }

    /** Squares of the board. */
    public int spatial() {
        return height * width;
    }

    /** Elements of the weights {@code [K, kernel, kernel, C]}. */
    public int weightCount() {
        return outChannels * kernel * kernel * inChannels;
    }
}
