package keisei.device.reference;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.stream.Collectors;
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
 * The slow, obviously right device that fast ones are compared with: float64 everywhere, one thread, one loop per
 * index of a formula. Prepared weights keep no copies: they read the master weights at each use, so a forgotten
 * {@code invalidate} cannot hide here and shows as a difference from other devices. Unlike production devices it
 * allocates small Java objects in its primitives.
 */
public final class ReferenceDevice implements Device {
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final long capacityBytes;
    private final MemoryAccount account = new MemoryAccount();
    private final Set<ReferenceBuffer> open = Collections.newSetFromMap(new IdentityHashMap<>());
    private boolean closed;

    private final ElementwiseKernels elementwise = new ReferenceElementwise(this);
    private final ConvolutionKernels convolution = new ReferenceConvolution(this);
    private final LinearKernels linear = new ReferenceLinear(this);
    private final NormalizationKernels normalization = new ReferenceNormalization(this);
    private final SqueezeExciteKernels squeezeExcite = new ReferenceSqueezeExcite(this);
    private final PolicyKernels policy = new ReferencePolicy(this);
    private final RolloutKernels rollout = new ReferenceRollout(this);
    private final PpoLossKernels ppoLoss = new ReferencePpoLoss(this);
    private final OptimizerKernels optimizer = new ReferenceOptimizer(this);

    /** A device with as much memory as the Java heap gives. */
    public ReferenceDevice() {
        this(Long.MAX_VALUE);
    }

    /** A device that refuses to hold more than {@code capacityBytes}. */
    public ReferenceDevice(long capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    @Override
    public String name() {
        return "reference";
    }

    @Override
    public String description() {
        return "plain float64 loops, 1 thread";
    }

    @Override
    public DType realType() {
        return DType.F64;
    }

    @Override
    public DeviceBuffer allocate(DType dtype, int length, String owner) {
        checkOpen();
        if (length < 0) {
            throw new IllegalArgumentException(
                    "length %d of buffer '%s' must not be negative".formatted(length, owner));
        }
        long bytes = (long) length * dtype.bytes();
        if (bytes > capacityBytes - account.totalBytes()) {
            throw new DeviceMemoryException("%d bytes for '%s' do not fit: %d of %d bytes are in use by %s"
                    .formatted(bytes, owner, account.totalBytes(), capacityBytes, account.bytesByOwner()));
        }
        ReferenceBuffer buffer = new ReferenceBuffer(this, dtype, length, owner);
        open.add(buffer);
        account.allocated(owner, bytes);
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
        Operand to = any(destination, destination.length(), "destination");
        checkHost(destination, source);
        for (int i = 0; i < destination.length(); i++) {
            to.set(
                    i,
                    switch (destination.dtype()) {
                        case F64 -> source.get(F64, 8L * i);
                        case I32 -> source.get(I32, 4L * i);
                        default -> Byte.toUnsignedInt(source.get(ValueLayout.JAVA_BYTE, i));
                    });
        }
    }

    @Override
    public void read(Slice source, MemorySegment destination) {
        Operand from = any(source, source.length(), "source");
        checkHost(source, destination);
        for (int i = 0; i < source.length(); i++) {
            switch (source.dtype()) {
                case F64 -> destination.set(F64, 8L * i, from.get(i));
                case I32 -> destination.set(I32, 4L * i, from.getInt(i));
                default -> destination.set(ValueLayout.JAVA_BYTE, i, (byte) from.getInt(i));
            }
        }
    }

    @Override
    public void synchronize() {
        checkOpen();
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
            throw new DeviceMemoryException("device 'reference' closes with open buffers: "
                    + open.stream()
                            .map(buffer -> "'%s' %d bytes".formatted(buffer.owner(), buffer.sizeBytes()))
                            .sorted()
                            .collect(Collectors.joining(", ")));
        }
    }

    /** A real operand of at least {@code count} elements. */
    Operand real(Slice slice, long count, String name) {
        return typed(slice, DType.F64, count, name);
    }

    /** An I32 operand of at least {@code count} elements. */
    Operand integers(Slice slice, long count, String name) {
        return typed(slice, DType.I32, count, name);
    }

    /** A U8 operand of at least {@code count} elements. */
    Operand bytes(Slice slice, long count, String name) {
        return typed(slice, DType.U8, count, name);
    }

    private Operand typed(Slice slice, DType dtype, long count, String name) {
        if (slice.dtype() != dtype) {
            throw new IllegalArgumentException(
                    "operand %s has type %s, needed is %s".formatted(name, slice.dtype(), dtype));
        }
        return any(slice, count, name);
    }

    /** An operand of any type. */
    Operand any(Slice slice, long count, String name) {
        checkOpen();
        if (!(slice.buffer() instanceof ReferenceBuffer buffer) || buffer.device() != this) {
            throw new IllegalArgumentException("operand %s ('%s') is memory of another device: %s"
                    .formatted(
                            name,
                            slice.buffer().owner(),
                            slice.buffer().device().name()));
        }
        if (count < 0 || slice.length() < count) {
            throw new IllegalArgumentException(
                    "operand %s has %d elements, the shape needs %d".formatted(name, slice.length(), count));
        }
        return new Operand(buffer.storage(), slice.offset(), slice.length());
    }

    /** Element-wise operands have equal lengths. */
    static void sameLength(Slice a, String nameA, Slice b, String nameB) {
        if (a.length() != b.length()) {
            throw new IllegalArgumentException("operand %s has %d elements, operand %s has %d: they must be equal"
                    .formatted(nameA, a.length(), nameB, b.length()));
        }
    }

    private static void checkHost(Slice slice, MemorySegment host) {
        long needed = (long) slice.length() * slice.dtype().bytes();
        if (host.byteSize() < needed) {
            throw new IllegalArgumentException(
                    "host memory has %d bytes, the slice needs %d".formatted(host.byteSize(), needed));
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new DeviceMemoryException("device 'reference' is used after it was closed");
        }
    }
}
