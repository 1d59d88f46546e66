package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;

/**
 * An address as JCuda takes it. Only native addresses are given to JCuda: it pins Java arrays while it calls, which
 * is slow and wrong for calls that go on after they returned.
 */
final class NativePointer extends Pointer {
    NativePointer(long address) {
        super(address);
    }

    /** The address, also one that JCuda wrote. */
    long address() {
        return getNativePointer();
    }

    /** Host or device memory at an address. */
    static Pointer of(long address) {
        return new NativePointer(address);
    }

    /** Native host memory. @throws IllegalArgumentException for memory on the Java heap */
    static Pointer of(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("memory on the Java heap cannot be given to CUDA");
        }
        return new NativePointer(segment.address());
    }

    /** Device memory at an address, for the driver API. */
    static DevicePointer device(long address) {
        return new DevicePointer(address);
    }

    /** A device address of the driver API. */
    static final class DevicePointer extends CUdeviceptr {
        private DevicePointer(long address) {
            super(new CUdeviceptr(), address);
        }

        /** The address, also one that JCuda wrote. */
        long address() {
            return getNativePointer() + getByteOffset();
        }
    }
}
