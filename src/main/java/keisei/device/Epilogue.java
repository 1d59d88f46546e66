package keisei.device;

import org.jspecify.annotations.Nullable;

/**
 * What happens to a convolution's output while it is still in registers:
 * {@code y = f(scale[k] * conv + shift[k] + residual)}, f = ReLU or identity.
 *
 * @param scale {@code [K]}, or null for 1
 * @param shift {@code [K]} (a bias, or a folded batch norm), or null for 0
 * @param residual {@code [N, H, W, K]}, or null for 0; may be the output itself
 * @param relu whether negative results become 0
 */
public record Epilogue(
        @Nullable Slice scale,
        @Nullable Slice shift,
        @Nullable Slice residual,
        boolean relu) {
    /** The convolution as it is. */
    public static final Epilogue NONE = new Epilogue(null, null, null, false);

    /** Adds a bias {@code [K]}. */
    public static Epilogue bias(Slice bias) {
        return new Epilogue(null, bias, null, false);
    }
}
