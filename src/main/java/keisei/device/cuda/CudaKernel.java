package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.JCudaDriver;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * One kernel and its native block of arguments, which is built once: setting arguments and launching allocate
 * nothing. Arguments are appended in the order of the kernel's declaration, then it is launched:
 *
 * <pre>{@code
 * kernel.slice(x).slice(y).integer(n).launch(blocks, 1, 256, 0);
 * }</pre>
 */
final class CudaKernel {
    private static final int MOST_ARGUMENTS = 48;
    private static final int SLOT_BYTES = 8;
    private static final int UNKNOWN = -1;
    /** Beyond this, a kernel must be allowed its shared memory first. */
    private static final int PLAIN_SHARED_BYTES = 48 << 10;

    private final String name;
    private final CUfunction function;
    private final CudaStream stream;
    private final CudaOperands operands;
    private final MemorySegment slots;
    private final Pointer arguments;
    private double operandBytes;
    private int count;
    private int expected = UNKNOWN;
    private int sharedLimitBytes = PLAIN_SHARED_BYTES;

    /** @param arena how long the kernel lives */
    CudaKernel(String name, CUfunction function, CudaStream stream, CudaOperands operands, Arena arena) {
        this.name = name;
        this.function = function;
        this.stream = stream;
        this.operands = operands;
        slots = arena.allocate((long) MOST_ARGUMENTS * SLOT_BYTES, SLOT_BYTES);
        MemorySegment addresses = arena.allocate(ValueLayout.ADDRESS, MOST_ARGUMENTS);
        for (int i = 0; i < MOST_ARGUMENTS; i++) {
            addresses.setAtIndex(ValueLayout.ADDRESS, i, slots.asSlice((long) i * SLOT_BYTES));
        }
        arguments = NativePointer.of(addresses);
    }

    /** The device address of a slice's first element; 0 for null. */
    CudaKernel slice(@Nullable Slice slice) {
        return address(slice == null ? 0 : operands.address(name, slice));
    }

    /** A pointer. */
    CudaKernel address(long address) {
        LaunchListener listener = stream.listener();
        if (listener != null) {
            operandBytes += listener.bytesOf(address);
        }
        return longInteger(address);
    }

    /** A 32-bit integer. */
    CudaKernel integer(int value) {
        slots.set(ValueLayout.JAVA_INT, next(), value);
        return this;
    }

    /** A 64-bit integer. */
    CudaKernel longInteger(long value) {
        slots.set(ValueLayout.JAVA_LONG, next(), value);
        return this;
    }

    /** A float. */
    CudaKernel real(float value) {
        slots.set(ValueLayout.JAVA_FLOAT, next(), value);
        return this;
    }

    /** A double. */
    CudaKernel float64(double value) {
        slots.set(ValueLayout.JAVA_DOUBLE, next(), value);
        return this;
    }

    private long next() {
        if (count == MOST_ARGUMENTS) {
            throw new IllegalStateException("kernel %s: at most %d arguments".formatted(name, MOST_ARGUMENTS));
        }
        return (long) count++ * SLOT_BYTES;
    }

    /**
     * Launches on the device's stream with the arguments set so far, and forgets them. A grid without blocks
     * launches nothing.
     *
     * @param sharedBytes dynamic shared memory of a block
     */
    void launch(int gridX, int gridY, int blockX, int sharedBytes) {
        int given = count;
        double bytes = operandBytes;
        count = 0;
        operandBytes = 0;
        if (expected != given) {
            if (expected != UNKNOWN) {
                throw new IllegalStateException(
                        "kernel %s: %d arguments, and %d were given before".formatted(name, given, expected));
            }
            expected = given;
        }
        if (gridX == 0 || gridY == 0) {
            return;
        }
        if (sharedBytes > sharedLimitBytes) {
            int attribute = CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            int result = JCudaDriver.cuFuncSetAttribute(function, attribute, sharedBytes);
            if (result != 0) {
                throw Driver.failure(result, "cuFuncSetAttribute", name + ", " + sharedBytes + " bytes shared");
            }
            sharedLimitBytes = sharedBytes;
        }
        LaunchListener listener = stream.listener();
        if (listener != null) {
            listener.begins(name, LaunchListener.UNKNOWN, bytes);
        }
        int result = JCudaDriver.cuLaunchKernel(
                function, gridX, gridY, 1, blockX, 1, 1, sharedBytes, stream.handle(), arguments, null);
        if (result != 0) {
            String sizes =
                    "%s, grid %dx%d, block %d, %d bytes shared".formatted(name, gridX, gridY, blockX, sharedBytes);
            throw Driver.failure(result, "cuLaunchKernel", sizes);
        }
        if (listener != null) {
            listener.ends();
        }
    }
}
