package keisei.device;

import java.lang.foreign.MemorySegment;

/**
 * A compute device: the only seam between the engine and the machine. It owns memory and offers the engine's
 * primitives, grouped by topic. All primitives of one device run in the order of the calls; on devices with a
 * queue they may return before the work is done, and {@link #read}, {@link #synchronize} and {@link Readback#await} wait.
 *
 * <p>Conventions of every primitive: images are NHWC, {@code [N, H, W, C]} row-major; real operands have
 * {@link #realType()} or {@link #activationType()}; output slices are overwritten unless the contract says "accumulates"; operands may not
 * overlap unless the contract says so; nothing is allocated on the Java heap in steady state; results are the same
 * bit for bit on every run, whatever the number of threads; a device that chooses algorithms by measuring them says so and
 * how to stop it. Operands that are too small for the stated shape are an
 * {@link IllegalArgumentException} with both sizes.
 *
 * <p>Threading: one thread at a time.
 */
public interface Device extends AutoCloseable {
    /** Short name, as accepted by {@code --device}: {@code cpu}, {@code cuda:0}. */
    String name();

    /** What it is, for logs: processor, threads, vector width. */
    String description();

    /** Type of activations, gradients and parameters at this interface: F32, or F64 on the reference device. */
    DType realType();

    /**
     * Type of images and rows between layers and of their gradients: {@link #realType()}, or F16 with mixed precision.
     * Each primitive's contract says which operands are activations; everything else that is real is
     * {@link #realType()}, and sums are accumulated in it.
     */
    default DType activationType() {
        return realType();
    }

    /**
     * Allocates zeroed memory.
     *
     * @param owner who will hold it, for accounts and messages
     * @throws DeviceMemoryException when there is not enough memory
     */
    DeviceBuffer allocate(DType dtype, int length, String owner);

    /** What is allocated now and at most, per owner. */
    MemoryAccount memory();

    /**
     * Copies raw little-endian elements from host memory: {@code destination.length() * dtype.bytes()} bytes. The source
     * may be changed as soon as the call returns.
     */
    void write(Slice destination, MemorySegment source);

    /** Copies raw little-endian elements to host memory and waits for the work before it. */
    void read(Slice source, MemorySegment destination);

    /**
     * Whether primitives return before their work is done, so that the caller can do something else meanwhile. On such
     * a device {@link #write} does not wait for work issued before it either, as long as what was written and has not
     * arrived yet is small (some megabytes).
     */
    default boolean overlaps() {
        return false;
    }

    /**
     * Host memory for results that are fetched while further work is under way. The default copies at once, which
     * serves devices that do not {@link #overlaps() overlap}.
     *
     * @param bytes its size
     */
    default Readback newReadback(long bytes) {
        return new Readback.Immediate(this, bytes);
    }

    /** Waits until all work is done. */
    void synchronize();

    /**
     * Work that will be run many times with the same operands. A device with recordings (CUDA graphs) may replay the
     * calls instead of repeating them, see {@link RecordedWork#run()}; others just run the work. The caller closes the
     * result before the operands.
     *
     * @param name for messages and profiles
     * @param work issues primitives of this device only, the same ones with the same arguments each time; it neither
     *     reads, writes, allocates nor synchronises
     */
    default RecordedWork record(String name, Runnable work) {
        return new RecordedWork.Repeated(work);
    }

    /** Fills, copies, sums and activations. */
    ElementwiseKernels elementwise();

    /** Convolutions. */
    ConvolutionKernels convolution();

    /** Linear layers. */
    LinearKernels linear();

    /** Batch normalisation. */
    NormalizationKernels normalization();

    /** Squeeze-and-excitation. */
    SqueezeExciteKernels squeezeExcite();

    /** Masked softmax, sampling, entropy. */
    PolicyKernels policy();

    /** Planes from packed positions, minibatch gathering, GAE. */
    RolloutKernels rollout();

    /** The PPO loss and its gradient. */
    PpoLossKernels ppoLoss();

    /** Gradient norm and Adam. */
    OptimizerKernels optimizer();

    /**
     * Ends the device and its threads.
     *
     * @throws DeviceMemoryException when buffers are still open; the message lists owner and size of each
     */
    @Override
    void close();
}
