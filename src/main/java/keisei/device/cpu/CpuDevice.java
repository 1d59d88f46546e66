package keisei.device.cpu;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import keisei.device.ConvolutionKernels;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;
import keisei.device.ElementwiseKernels;
import keisei.device.LinearKernels;
import keisei.device.MemoryAccount;
import keisei.device.NormalizationKernels;
import keisei.device.OptimizerKernels;
import keisei.device.PolicyKernels;
import keisei.device.PpoLossKernels;
import keisei.device.RolloutKernels;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;

/**
 * The CPU device: float32 on heap arrays, computed with the Vector API ({@code --add-modules jdk.incubator.vector})
 * and own threads. Results are the same bit for bit for any number of threads.
 *
 * <p>Holds F32, I32 and U8. The memory account covers buffers and the packed copies of weights; the kernels' scratch,
 * which grows to what the largest operation needs and then stays, is not in it. Primitives return when their work is
 * done.
 */
public final class CpuDevice implements Device {
    private static final ValueLayout.OfFloat FLOATS =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INTS = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final CpuMemory memory = new CpuMemory(this);
    private final Operands operands = new Operands(this);
    private final Workers workers;
    private final ElementwiseKernels elementwise;
    private final ConvolutionKernels convolution;
    private final LinearKernels linear;
    private final NormalizationKernels normalization;
    private final SqueezeExciteKernels squeezeExcite;
    private final PolicyKernels policy;
    private final RolloutKernels rollout;
    private final PpoLossKernels ppoLoss;
    private final OptimizerKernels optimizer;

    /**
     * @param threads how many threads compute, the calling one included
     * @throws IllegalArgumentException when {@code threads} is not between 1 and 1024
     */
    public CpuDevice(int threads) {
        if (threads < 1 || threads > 1024) {
            throw new IllegalArgumentException("threads is %d and must be between 1 and 1024".formatted(threads));
        }
        workers = new Workers(threads);
        PackWeights pack = new PackWeights(workers);
        MatrixProducts products = new MatrixProducts(workers);
        elementwise = new CpuElementwise(this, workers);
        convolution = new CpuConvolution(this, workers, pack, products);
        linear = new CpuLinear(this, pack, products);
        normalization = new CpuNormalization(this, workers);
        squeezeExcite = new CpuSqueezeExcite(this, workers);
        policy = new CpuPolicy(this, workers);
        rollout = new CpuRollout(this, workers);
        ppoLoss = new CpuPpoLoss(this, workers);
        optimizer = new CpuOptimizer(this, workers);
    }

    /** Checks of operands, for the kernels of this device. */
    Operands operands() {
        return operands;
    }

    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String description() {
        return "%s, %d %s, %d-bit vectors"
                .formatted(
                        processorName(),
                        workers.threads(),
                        workers.threads() == 1 ? "thread" : "threads",
                        Lanes.SPECIES.vectorBitSize());
    }

    /** The name that Linux gives the processor; elsewhere the architecture's. */
    private static String processorName() {
        Path path = Path.of("/proc/cpuinfo");
        if (Files.isReadable(path)) {
            try (Stream<String> lines = Files.lines(path)) {
                return lines.filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse(System.getProperty("os.arch"));
            } catch (IOException e) {
                return System.getProperty("os.arch");
            }
        }
        return System.getProperty("os.arch");
    }

    @Override
    public DType realType() {
        return DType.F32;
    }

    @Override
    public CpuBuffer allocate(DType dtype, int length, String owner) {
        return memory.allocate(dtype, length, owner);
    }

    @Override
    public MemoryAccount memory() {
        return memory.account();
    }

    @Override
    public void write(Slice destination, MemorySegment source) {
        CpuBuffer buffer = operands.open("destination", destination, 0);
        int count = destination.length();
        requireBytes("source", source, (long) count * buffer.dtype().bytes(), buffer);
        int at = destination.offset();
        switch (buffer.dtype()) {
            case F32 -> MemorySegment.copy(source, FLOATS, 0, buffer.floats(), at, count);
            case I32 -> MemorySegment.copy(source, INTS, 0, buffer.ints(), at, count);
            default -> MemorySegment.copy(source, ValueLayout.JAVA_BYTE, 0, buffer.bytes(), at, count);
        }
    }

    @Override
    public void read(Slice source, MemorySegment destination) {
        CpuBuffer buffer = operands.open("source", source, 0);
        int count = source.length();
        requireBytes("destination", destination, (long) count * buffer.dtype().bytes(), buffer);
        int at = source.offset();
        switch (buffer.dtype()) {
            case F32 -> MemorySegment.copy(buffer.floats(), at, destination, FLOATS, 0, count);
            case I32 -> MemorySegment.copy(buffer.ints(), at, destination, INTS, 0, count);
            default -> MemorySegment.copy(buffer.bytes(), at, destination, ValueLayout.JAVA_BYTE, 0, count);
        }
    }

    private static void requireBytes(String name, MemorySegment segment, long needed, DeviceBuffer buffer) {
        if (segment.byteSize() < needed) {
            throw new IllegalArgumentException("%s: %d bytes of host memory for buffer '%s', and %d are needed"
                    .formatted(name, segment.byteSize(), buffer.owner(), needed));
        }
    }

    @Override
    public void synchronize() {
        // Every primitive waits for its own work.
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
     * Ends the threads. Closing again does nothing.
     *
     * @throws DeviceMemoryException when buffers are still open
     */
    @Override
    public void close() {
        workers.close();
        memory.close();
    }
}
