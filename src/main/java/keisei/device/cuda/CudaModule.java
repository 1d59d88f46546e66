package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;

/** Compiled kernels of one source file, loaded to the device. */
final class CudaModule implements AutoCloseable {
    private final String name;
    private final CUmodule module = new CUmodule();
    private boolean closed;

    /** @param image a cubin, or PTX text that ends in a 0 byte */
    CudaModule(String name, byte[] image) {
        this.name = name;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate(image.length, Long.BYTES);
            MemorySegment.copy(MemorySegment.ofArray(image), 0, copy, 0, image.length);
            int result =
                    JCudaDriver.cuModuleLoadDataEx(module, NativePointer.of(copy), 0, new int[0], NativePointer.of(0));
            if (result != 0) {
                throw Driver.failure(result, "cuModuleLoadDataEx", name + ", " + image.length + " bytes");
            }
        }
    }

    /** A kernel by its name in the source. */
    CUfunction function(String function) {
        if (closed) {
            throw new CudaException("module %s was used after it was closed".formatted(name));
        }
        CUfunction handle = new CUfunction();
        int result = JCudaDriver.cuModuleGetFunction(handle, module, function);
        if (result != 0) {
            throw Driver.failure(result, "cuModuleGetFunction", function + " of " + name);
        }
        return handle;
    }

    @Override
    public void close() {
        if (closed) {
            throw new CudaException("module %s was closed twice".formatted(name));
        }
        closed = true;
        Driver.check(JCudaDriver.cuModuleUnload(module), "cuModuleUnload");
    }
}
