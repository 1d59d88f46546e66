package keisei.device.cuda;

import java.util.HashMap;
import java.util.Map;
import keisei.device.ConvolutionShape;
import keisei.device.DType;

/** The engines of one device, each made when its shape, batch and type are first met. */
final class ConvolutionEngines implements AutoCloseable {
    private static final long WORKSPACE_LIMIT_BYTES = 256L << 20;
    /** No workspace is larger than this part of the device's memory. */
    private static final long WORKSPACE_SHARE = 32;

    private final CudaRuntime runtime;
    private final AlgorithmSearch search;
    private final CudaWorkspace workspace;
    private final CudaWorkspace gradients;
    private final Map<Key, ConvolutionEngine> engines = new HashMap<>();

    private record Key(ConvolutionShape shape, int batch, DType dtype) {}

    ConvolutionEngines(CudaRuntime runtime) {
        this.runtime = runtime;
        workspace = runtime.newWorkspace("convolutions");
        gradients = runtime.newWorkspace("convolutions' gradients");
        long limit = Math.min(WORKSPACE_LIMIT_BYTES, runtime.context().memory().totalBytes() / WORKSPACE_SHARE);
        search = new AlgorithmSearch(
                runtime.cudnn(), runtime.memory(), !runtime.options().deterministic(), limit);
    }

    ConvolutionEngine of(ConvolutionShape shape, int batch, DType dtype) {
        return engines.computeIfAbsent(new Key(shape, batch, dtype), this::make);
    }

    private ConvolutionEngine make(Key key) {
        CudaOptions.ConvPath path = runtime.options().convPath();
        if (path == CudaOptions.ConvPath.AUTO && key.shape.kernel() == 1) {
            return new MatrixConvolution(runtime, key.shape, key.batch, key.dtype);
        }
        LegacyConvolution legacy =
                new LegacyConvolution(runtime, search, workspace, gradients, key.shape, key.batch, key.dtype);
        if (path == CudaOptions.ConvPath.LEGACY) {
            return legacy;
        }
        // A measured choice could be another one on the next run, and would give other bits.
        boolean measure =
                path == CudaOptions.ConvPath.AUTO && !runtime.options().deterministic();
        return new GraphConvolution(runtime, legacy, workspace, key.shape, key.batch, key.dtype, measure);
    }

    @Override
    public void close() {
        engines.values().forEach(ConvolutionEngine::close);
        engines.clear();
    }
}
