package keisei.device.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.TreeSet;
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
 * The float64 device that tests compare with. Every primitive is the formula of its contract as a plain loop, in one
 * thread, without regard for speed. It is strict: it refuses operands that overlap where the contract forbids it, and
 * prepared weights are real copies, so that a forgotten {@code invalidate()} shows as a wrong result.
 */
public final class ReferenceDevice implements Device {
    private static final ValueLayout.OfDouble DOUBLE =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemoryAccount account = new MemoryAccount();
    private final Set<ReferenceBuffer> open = Collections.newSetFromMap(new IdentityHashMap<>());
    private final Operands operands = new Operands(this);
    private final ElementwiseKernels elementwise = new ReferenceElementwise(operands);
    private final ConvolutionKernels convolution = new ReferenceConvolution(this, operands);
    private final LinearKernels linear = new ReferenceLinear(this, operands);
    private final NormalizationKernels normalization = new ReferenceNormalization(operands);
    private final SqueezeExciteKernels squeezeExcite = new ReferenceSqueezeExcite(operands);
    private final PolicyKernels policy = new ReferencePolicy(operands);
    private final RolloutKernels rollout = new ReferenceRollout(operands);
    private final PpoLossKernels ppoLoss = new ReferencePpoLoss(operands);
    private final OptimizerKernels optimizer = new ReferenceOptimizer(operands);
    private final DType activationType;
    private boolean closed;

    /** With float64 throughout. */
    public ReferenceDevice() {
        this(DType.F64);
    }

    /**
     * With activations that are rounded to half precision where they are stored, and computed with in float64: the truth
     * for a device of mixed precision.
     */
    public static ReferenceDevice withHalfActivations() {
        return new ReferenceDevice(DType.F16);
    }

    private ReferenceDevice(DType activationType) {
        this.activationType = activationType;
    }

    @Override
    public DType activationType() {
        return activationType;
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public String description() {
        return "float64 reference, plain loops, 1 thread";
    }

    @Override
    public DType realType() {
        return DType.F64;
    }

    @Override
    public DeviceBuffer allocate(DType dtype, int length, String owner) {
        if (closed) {
            throw new DeviceMemoryException("'%s' asks a closed device for %d x %s".formatted(owner, length, dtype));
        }
        if (length < 0) {
            throw new IllegalArgumentException("'%s' asks for %d elements; at least 0".formatted(owner, length));
        }
        if (dtype == DType.F32 || dtype == DType.F16 && activationType != DType.F16) {
            throw new IllegalArgumentException(
                    "'%s' asks for %s; this reference device has F64, I32, U8 and activations of %s"
                            .formatted(owner, dtype, activationType));
        }
        ReferenceBuffer buffer = new ReferenceBuffer(this, dtype, length, owner);
        open.add(buffer);
        account.allocated(owner, buffer.sizeBytes());
        return buffer;
    }

    void released(ReferenceBuffer buffer) {
        open.remove(buffer);
        account.released(buffer.owner(), buffer.sizeBytes());
    }

    @Override
    public MemoryAccount memory() {
        return account;
    }

    @Override
    public void write(Slice destination, MemorySegment source) {
        ReferenceBuffer buffer = operands.open("destination", destination);
        checkBytes(destination, source, "source");
        for (int i = 0; i < destination.length(); i++) {
            int at = destination.offset() + i;
            switch (buffer.dtype()) {
                case F64 -> buffer.reals()[at] = source.get(DOUBLE, (long) i * Double.BYTES);
                case F16 -> buffer.reals()[at] = Float.float16ToFloat(source.get(HALF, (long) i * Short.BYTES));
                case I32 -> buffer.ints()[at] = source.get(INT, (long) i * Integer.BYTES);
                default -> buffer.bytes()[at] = source.get(ValueLayout.JAVA_BYTE, i);
            }
        }
    }

    @Override
    public void read(Slice source, MemorySegment destination) {
        ReferenceBuffer buffer = operands.open("source", source);
        checkBytes(source, destination, "destination");
        for (int i = 0; i < source.length(); i++) {
            int at = source.offset() + i;
            switch (buffer.dtype()) {
                case F64 -> destination.set(DOUBLE, (long) i * Double.BYTES, buffer.reals()[at]);
                case F16 ->
                    destination.set(HALF, (long) i * Short.BYTES, Float.floatToFloat16((float) buffer.reals()[at]));
                case I32 -> destination.set(INT, (long) i * Integer.BYTES, buffer.ints()[at]);
                default -> destination.set(ValueLayout.JAVA_BYTE, i, buffer.bytes()[at]);
            }
        }
    }

    private static void checkBytes(Slice slice, MemorySegment host, String name) {
        long needed = (long) slice.length() * slice.dtype().bytes();
        if (host.byteSize() < needed) {
            throw new IllegalArgumentException("%s has %d bytes, %d x %s needs %d"
                    .formatted(name, host.byteSize(), slice.length(), slice.dtype(), needed));
        }
    }

    @Override
    public void synchronize() {
        // Every primitive is done when it returns.
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

    @Override
    public void close() {
        closed = true;
        if (!open.isEmpty()) {
            Set<String> leaks = new TreeSet<>();
            for (ReferenceBuffer buffer : open) {
                leaks.add("'%s' %d bytes".formatted(buffer.owner(), buffer.sizeBytes()));
            }
            throw new DeviceMemoryException(
                    "device closed with %d open buffers: %s".formatted(open.size(), String.join(", ", leaks)));
        }
    }
}
