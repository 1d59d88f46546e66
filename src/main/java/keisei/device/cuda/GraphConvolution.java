package keisei.device.cuda;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import keisei.device.ConvolutionShape;
import keisei.device.DType;

/**
 * A convolution whose forward direction is fused with its epilogue where cuDNN has an engine for that, and where it is
 * the faster one if that is to be measured. Everything else is left to cuDNN's calls for whole convolutions.
 */
final class GraphConvolution implements ConvolutionEngine {
    private static final int TIMED_RUNS = 5;

    private final CudaRuntime runtime;
    private final LegacyConvolution legacy;
    private final CudaWorkspace workspace;
    private final ConvolutionShape shape;
    private final int batch;
    private final DType dtype;
    private final boolean measure;
    private final Map<FusedConvolution.Parts, Optional<FusedConvolution>> fused = new HashMap<>();

    /** @param measure whether both ways are timed once for each kind of epilogue */
    GraphConvolution(
            CudaRuntime runtime,
            LegacyConvolution legacy,
            CudaWorkspace workspace,
            ConvolutionShape shape,
            int batch,
            DType dtype,
            boolean measure) {
        this.runtime = runtime;
        this.legacy = legacy;
        this.workspace = workspace;
        this.shape = shape;
        this.batch = batch;
        this.dtype = dtype;
        this.measure = measure;
    }

    @Override
    public void forward(long x, long w, long scale, long shift, long residual, boolean relu, long y) {
        if (!CudaTransforms.isAligned(scale) || !CudaTransforms.isAligned(shift)) {
            legacy.forward(x, w, scale, shift, residual, relu, y);
            return;
        }
        FusedConvolution.Parts parts = new FusedConvolution.Parts(scale != 0, shift != 0, residual != 0, relu);
        Optional<FusedConvolution> way = fused.get(parts);
        if (way == null) {
            way = FusedConvolution.make(runtime, shape, batch, dtype, parts);
            if (measure && way.isPresent()) {
                FusedConvolution candidate = way.get();
                Runnable together = () -> candidate.run(workspace, x, w, scale, shift, residual, y);
                Runnable apart = () -> legacy.forward(x, w, scale, shift, residual, relu, y);
                if (millis(together) > millis(apart)) {
                    candidate.close();
                    way = Optional.empty();
                }
            }
            fused.put(parts, way);
        }
        if (way.isPresent()) {
            LaunchListener listener = runtime.stream().listener();
            if (listener != null) {
                String name = LegacyConvolution.profileName("cudnnBackendExecute", batch, shape, dtype) + parts.text();
                listener.begins(name, LegacyConvolution.flops(batch, shape), LaunchListener.UNKNOWN);
            }
            way.get().run(workspace, x, w, scale, shift, residual, y);
            if (listener != null) {
                listener.ends();
            }
        } else {
            legacy.forward(x, w, scale, shift, residual, relu, y);
        }
    }

    /** Device time of some runs after a first one. */
    private float millis(Runnable work) {
        CudaStream stream = runtime.stream();
        try (CudaEvent start = CudaEvent.forTiming();
                CudaEvent end = CudaEvent.forTiming()) {
            work.run();
            start.record(stream);
            for (int i = 0; i < TIMED_RUNS; i++) {
                work.run();
            }
            end.record(stream);
            end.synchronize();
            return end.millisSince(start);
        }
    }

    @Override
    public void backwardData(long w, long dy, boolean accumulate, long dx) {
        legacy.backwardData(w, dy, accumulate, dx);
    }

    @Override
    public void backwardWeights(long x, long dy, long dw) {
        legacy.backwardWeights(x, dy, dw);
    }

    @Override
    public void close() {
        fused.values().forEach(way -> way.ifPresent(FusedConvolution::close));
        fused.clear();
        legacy.close();
    }
}
