package keisei.device.cuda;

import java.nio.charset.StandardCharsets;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/** The primary context of one GPU, shared with libraries such as cuDNN. Needs JCuda's natives to be loaded. */
final class CudaContext implements AutoCloseable {
    private static final int NAME_BYTES = 256;
    private static final ThreadLocal<Current> CURRENT = ThreadLocal.withInitial(Current::new);

    private final int index;
    private final CUdevice device = new CUdevice();
    private final CUcontext context = new CUcontext();
    private final String name;
    private boolean closed;

    /** Which context CUDA uses for a thread's calls. */
    private static final class Current {
        private @Nullable CudaContext context;
    }

    /** @param index a GPU that the driver shows */
    CudaContext(int index) {
        this.index = index;
        Driver.check(JCudaDriver.cuInit(0), "cuInit");
        Driver.check(JCudaDriver.cuDeviceGet(device, index), "cuDeviceGet");
        byte[] text = new byte[NAME_BYTES];
        Driver.check(JCudaDriver.cuDeviceGetName(text, NAME_BYTES, device), "cuDeviceGetName");
        name = new String(text, StandardCharsets.UTF_8).replace("\0", "").strip();
        Driver.check(JCudaDriver.cuDevicePrimaryCtxRetain(context, device), "cuDevicePrimaryCtxRetain");
        makeCurrent();
    }

    /** Has this thread's calls go to this context. Cheap when they do already. */
    void makeCurrent() {
        Current current = CURRENT.get();
        if (current.context != this) {
            if (closed) {
                throw new CudaException("the context of cuda:%d was used after it was closed".formatted(index));
            }
            Driver.check(JCudaDriver.cuCtxSetCurrent(context), "cuCtxSetCurrent");
            current.context = this;
        }
    }

    /** The GPU's index. */
    int index() {
        return index;
    }

    /** The GPU's name. */
    String name() {
        return name;
    }

    /** Compute capability as NVRTC writes it: 90 for 9.0. */
    int capability() {
        return 10 * attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)
                + attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
    }

    /** Number of multiprocessors. */
    int multiprocessors() {
        return attribute(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
    }

    private int attribute(int attribute) {
        int[] value = {0};
        Driver.check(JCudaDriver.cuDeviceGetAttribute(value, attribute, device), "cuDeviceGetAttribute");
        return value[0];
    }

    /** Bytes of device memory: free now, and in all. */
    MemoryInfo memory() {
        makeCurrent();
        long[] free = {0};
        long[] total = {0};
        Driver.check(JCudaDriver.cuMemGetInfo(free, total), "cuMemGetInfo");
        return new MemoryInfo(free[0], total[0]);
    }

    /** @param freeBytes not in use by anyone */
    record MemoryInfo(long freeBytes, long totalBytes) {}

    /** Gives the primary context back. */
    @Override
    public void close() {
        if (closed) {
            throw new CudaException("the context of cuda:%d was closed twice".formatted(index));
        }
        closed = true;
        if (CURRENT.get().context == this) {
            CURRENT.remove();
        }
        Driver.check(JCudaDriver.cuDevicePrimaryCtxRelease(device), "cuDevicePrimaryCtxRelease");
    }
}
