package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Locale;
import keisei.device.ConvolutionKernels;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceMemoryException;
import keisei.device.ElementwiseKernels;
import keisei.device.LinearKernels;
import keisei.device.MemoryAccount;
import keisei.device.NormalizationKernels;
import keisei.device.OptimizerKernels;
import keisei.device.PolicyKernels;
import keisei.device.PpoLossKernels;
import keisei.device.Readback;
import keisei.device.RecordedWork;
import keisei.device.RolloutKernels;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;

/**
 * An NVIDIA GPU. All work goes to one stream and returns before it is done; {@link #read} and {@link #synchronize}
 * wait. Holds every type but F64. Convolutions are cuDNN's, matrix products cuBLAS's, everything else our kernels,
 * which are compiled for the GPU by NVRTC when first used and kept in a cache on disk. Convolution algorithms are chosen by
 * measuring them, and so may differ from run to run, unless {@link CudaOptions#deterministic()} is set.
 */
public final class CudaDevice implements Device {
    private static final double GIB_BYTES = 1L << 30;

    private final CudaOptions options;
    private final CudaRuntime runtime;
    private final HostCopies copies;
    private final CudaConvolution convolution;
    private final CudaLinear linear;
    private final CudaElementwise elementwise;
    private final CudaNormalization normalization;
    private final CudaSqueezeExcite squeezeExcite;
    private final CudaPolicy policy;
    private final CudaRollout rollout;
    private final CudaPpoLoss ppoLoss;
    private final CudaOptimizer optimizer;
    private boolean closed;

    private CudaDevice(NativeLibraries libraries, CudaOptions options) {
        this.options = options;
        runtime = new CudaRuntime(this, libraries, options);
        copies = new HostCopies(runtime.context(), runtime.stream());
        convolution = new CudaConvolution(runtime);
        linear = new CudaLinear(runtime);
        elementwise = new CudaElementwise(runtime);
        normalization = new CudaNormalization(runtime);
        squeezeExcite = new CudaSqueezeExcite(runtime);
        policy = new CudaPolicy(runtime);
        rollout = new CudaRollout(runtime);
        ppoLoss = new CudaPpoLoss(runtime);
        optimizer = new CudaOptimizer(runtime);
    }

    /**
     * Opens a GPU.
     *
     * @throws CudaException when there is no such GPU or a library is missing; the message says what can be done
     */
    public static CudaDevice open(CudaLibraries libraries, CudaOptions options) {
        libraries.obstacle(options.index()).ifPresent(reason -> {
            throw new CudaException(reason);
        });
        return new CudaDevice(libraries.load(options.cache()), options);
    }

    @Override
    public String name() {
        return "cuda:" + options.index();
    }

    @Override
    public String description() {
        CudaContext context = runtime.context();
        return String.format(
                Locale.ROOT,
                "%s, compute capability %.1f, %d multiprocessors, %.1f GiB, %s",
                context.name(),
                context.capability() / 10.0,
                context.multiprocessors(),
                context.memory().totalBytes() / GIB_BYTES,
                options.precision() == CudaOptions.Precision.F16 ? "float16 activations" : "float32");
    }

    @Override
    public DType realType() {
        return DType.F32;
    }

    @Override
    public DType activationType() {
        return options.precision() == CudaOptions.Precision.F16 ? DType.F16 : DType.F32;
    }

    @Override
    public boolean overlaps() {
        return true;
    }

    @Override
    public Readback newReadback(long bytes) {
        return new CudaReadback(runtime, bytes);
    }

    /** What the kernel groups are built from. */
    CudaRuntime runtime() {
        return runtime;
    }

    @Override
    public CudaBuffer allocate(DType dtype, int length, String owner) {
        if (dtype == DType.F64) {
            throw new IllegalArgumentException(
                    "memory for '%s': a CUDA device holds F32, F16, I32 and U8, not F64".formatted(owner));
        }
        return runtime.memory().allocate(dtype, length, owner);
    }

    @Override
    public MemoryAccount memory() {
        return runtime.memory().account();
    }

    @Override
    public void write(Slice destination, MemorySegment source) {
        long address = runtime.operands().address("destination", destination);
        copies.write(source, address, requireBytes("source", source, destination));
    }

    @Override
    public void read(Slice source, MemorySegment destination) {
        long address = runtime.operands().address("source", source);
        copies.read(address, destination, requireBytes("destination", destination, source));
    }

    private static long requireBytes(String name, MemorySegment segment, Slice slice) {
        long needed = (long) slice.length() * slice.dtype().bytes();
        if (segment.byteSize() < needed) {
            throw new IllegalArgumentException("%s: %d bytes of host memory for buffer '%s', and %d are needed"
                    .formatted(name, segment.byteSize(), slice.buffer().owner(), needed));
        }
        return needed;
    }

    @Override
    public void synchronize() {
        runtime.stream().synchronize();
    }

    @Override
    public RecordedWork record(String name, Runnable work) {
        return options.graphs() ? new CudaRecording(name, runtime, work) : new RecordedWork.Repeated(work);
    }

    /**
     * Runs work and measures every kernel, library call and copy of it by events, the most expensive first. Recorded
     * work is run call by call meanwhile, so that a whole profile takes longer than the work alone.
     */
    public List<ProfileEntry> profile(Runnable work) {
        CudaStream stream = runtime.stream();
        stream.synchronize();
        try (LaunchProfile profile = new LaunchProfile(stream)) {
            stream.listen(profile);
            try {
                work.run();
            } finally {
                stream.listen(null);
            }
            return profile.entries();
        }
    }

    /** Measures what the device reaches at best; a second or so. */
    public DevicePeaks measurePeaks() {
        return DevicePeaks.measure(runtime);
    }

    @Override
    public ElementwiseKernels elementwise() {
        return elementwise;
    }

    @Override
    public ConvolutionKernels convolution() {
        return convolution;
    }

    @Override
    public LinearKernels linear() {
        return linear;
    }

    @Override
    public NormalizationKernels normalization() {
        return normalization;
    }

    @Override
    public SqueezeExciteKernels squeezeExcite() {
        return squeezeExcite;
    }

    @Override
    public PolicyKernels policy() {
        return policy;
    }

    @Override
    public RolloutKernels rollout() {
        return rollout;
    }

    @Override
    public PpoLossKernels ppoLoss() {
        return ppoLoss;
    }

    @Override
    public OptimizerKernels optimizer() {
        return optimizer;
    }

    /**
     * Ends the device after all its work. Closing again does nothing.
     *
     * @throws DeviceMemoryException when buffers are still open
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        try {
            copies.close();
            convolution.close();
            normalization.close();
            squeezeExcite.close();
            rollout.close();
            ppoLoss.close();
            optimizer.close();
            runtime.closeWorkspaces();
            runtime.memory().close();
        } finally {
            runtime.close();
        }
    }
}
