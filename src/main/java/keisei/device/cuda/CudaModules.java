package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/** Our kernels, each file compiled and loaded when its first kernel is asked for. */
final class CudaModules implements AutoCloseable {
    private final KernelSources sources;
    private final CudaMemory memory;
    private final CudaStream stream;
    private final CudaOperands operands;
    private final Arena arena = Arena.ofShared();
    private final Map<String, CudaModule> modules = new HashMap<>();
    private final Map<String, CudaKernel> kernels = new HashMap<>();

    CudaModules(KernelSources sources, CudaMemory memory, CudaStream stream, CudaOperands operands) {
        this.sources = sources;
        this.memory = memory;
        this.stream = stream;
        this.operands = operands;
    }

    /**
     * A kernel, the same object on every call.
     *
     * @param file name of the source without {@code .cu}
     * @param function name of the kernel in it
     */
    CudaKernel kernel(String file, String function) {
        return kernels.computeIfAbsent(
                function + " of " + file + ".cu",
                name -> new CudaKernel(name, module(file).function(function), stream, operands, arena));
    }

    private CudaModule module(String file) {
        return modules.computeIfAbsent(file, name -> {
            if (stream.isCapturing()) {
                throw new CudaException(
                        "%s.cu is first used while work is being recorded; it must be loaded before".formatted(name));
            }
            byte[] image = sources.compiled(name);
            stream.handle();
            return memory.booked(() -> new CudaModule(name + ".cu", image));
        });
    }

    @Override
    public void close() {
        modules.values().forEach(CudaModule::close);
        modules.clear();
        kernels.clear();
        arena.close();
    }
}
