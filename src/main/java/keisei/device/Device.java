package keisei.device;

import java.lang.foreign.MemorySegment;

/**
 * A compute device: the only seam between the engine and the machine. It owns memory and offers the engine's
 * primitives, grouped by topic. All primitives of one device run in the order of the calls; on devices with a
 * queue they may return before the work is done, and {@link #read} and {@link #synchronize} wait.
 *
 * <p>Conventions of every primitive: images are NHWC, {@code [N, H, W, C]} row-major; real operands have
 * {@link #realType()}; output slices are overwritten unless the contract says "accumulates"; operands may not
 * overlap unless the contract says so; nothing is allocated on the Java heap in steady state; results are the same
 * bit for bit on every run, whatever the number of threads. Operands that are too small for the stated shape are an
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
     * Allocates zeroed memory.
     *
     * @param owner who will hold it, for accounts and messages
     * @throws DeviceMemoryException when there is not enough memory
     */
    DeviceBuffer allocate(DType dtype, int length, String owner);

    /** What is allocated now and at most, per owner. */
    MemoryAccount memory();

    /** Copies raw little-endian elements from host memory: {@code destination.length() * dtype.bytes()} bytes. */
    void write(Slice destination, MemorySegment source);

    /** Copies raw little-endian elements to host memory and waits for the work before it. */
    void read(Slice source, MemorySegment destination);

    /** Waits until all work is done. */
    void synchronize();

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
