package keisei.device.cuda;

import org.jspecify.annotations.Nullable;

/** A kernel that is looked up, and its file compiled, when it is first used. */
final class LazyKernel {
    private final CudaModules modules;
    private final String file;
    private final String function;
    private @Nullable CudaKernel kernel;

    LazyKernel(CudaModules modules, String file, String function) {
        this.modules = modules;
        this.file = file;
        this.function = function;
    }

    /** The kernel, ready for its arguments. */
    CudaKernel get() {
        CudaKernel found = kernel;
        if (found == null) {
            found = modules.kernel(file, function);
            kernel = found;
        }
        return found;
    }
}
