package keisei.device.cuda;

import java.nio.file.Path;
import java.util.function.Function;

/**
 * How a {@link CudaDevice} computes.
 *
 * @param index which of the GPUs that the driver shows, counted from 0
 * @param precision type of activations and of their gradients
 * @param convPath which part of cuDNN computes convolutions
 * @param graphs whether recorded work is replayed as CUDA graphs
 * @param deterministic whether only algorithms that give the same bits on every run are used
 * @param tf32 whether float32 products may round their factors to TF32 (10 bits of mantissa); off, they are exact
 * @param cache folder of compiled kernels and extracted libraries; made when needed
 * @param memoryAdvice from an owner of memory to the option that makes it smaller, for out-of-memory messages; an
 *     empty text for none
 */
public record CudaOptions(
        int index,
        Precision precision,
        ConvPath convPath,
        boolean graphs,
        boolean deterministic,
        boolean tf32,
        Path cache,
        Function<String, String> memoryAdvice) {
    /** Type of activations. */
    public enum Precision {
        /** float32 throughout. */
        F32,
        /** float16 activations with float32 sums, and float32 for all that stays. */
        F16
    }

    /** Ways to compute a convolution. */
    public enum ConvPath {
        /** For each shape the faster of the two. */
        AUTO,
        /** cuDNN's own calls for each convolution, with our epilogue behind it. */
        LEGACY,
        /** cuDNN's backend graphs, with the epilogue fused into the convolution where an engine can. */
        GRAPH
    }

    /** GPU 0, float32, graphs on, TF32 off, the user's cache folder. */
    public static CudaOptions defaults() {
        return new CudaOptions(
                0,
                Precision.F32,
                ConvPath.AUTO,
                true,
                false,
                false,
                CudaCache.defaultFolder(System.getenv()),
                owner -> "");
    }

    /** These options for another GPU. */
    public CudaOptions withIndex(int value) {
        return new CudaOptions(value, precision, convPath, graphs, deterministic, tf32, cache, memoryAdvice);
    }

    /** These options with another type of activations. */
    public CudaOptions withPrecision(Precision value) {
        return new CudaOptions(index, value, convPath, graphs, deterministic, tf32, cache, memoryAdvice);
    }

    /** These options with another way to compute convolutions. */
    public CudaOptions withConvPath(ConvPath value) {
        return new CudaOptions(index, precision, value, graphs, deterministic, tf32, cache, memoryAdvice);
    }

    /** These options with graphs on or off. */
    public CudaOptions withGraphs(boolean value) {
        return new CudaOptions(index, precision, convPath, value, deterministic, tf32, cache, memoryAdvice);
    }

    /** These options with deterministic algorithms only, or all. */
    public CudaOptions withDeterministic(boolean value) {
        return new CudaOptions(index, precision, convPath, graphs, value, tf32, cache, memoryAdvice);
    }

    /** These options with TF32 allowed or not. */
    public CudaOptions withTf32(boolean value) {
        return new CudaOptions(index, precision, convPath, graphs, deterministic, value, cache, memoryAdvice);
    }

    /** These options with another cache folder. */
    public CudaOptions withCache(Path value) {
        return new CudaOptions(index, precision, convPath, graphs, deterministic, tf32, value, memoryAdvice);
    }

    /** These options with other advice. */
    public CudaOptions withMemoryAdvice(Function<String, String> value) {
        return new CudaOptions(index, precision, convPath, graphs, deterministic, tf32, cache, value);
    }
}
