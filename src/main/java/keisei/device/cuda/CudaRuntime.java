package keisei.device.cuda;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import keisei.device.Device;

/** What the kernel groups of one device are built from. Closed in the reverse order of opening. */
final class CudaRuntime implements AutoCloseable {
    private final Device device;
    private final CudaOptions options;
    private final CudaContext context;
    private final CudaStream stream;
    private final CudaMemory memory;
    private final CudaOperands operands;
    private final CudaModules modules;
    private final List<CudaWorkspace> workspaces = new ArrayList<>();
    private final CudaTransforms transforms;
    private final Cublas cublas;
    private final Cudnn cudnn;
    private final NativeLibraries libraries;

    CudaRuntime(Device device, NativeLibraries libraries, CudaOptions options) {
        this.device = device;
        this.options = options;
        this.libraries = libraries;
        context = new CudaContext(options.index());
        stream = new CudaStream(context);
        memory = new CudaMemory(device, context, stream, options.memoryAdvice());
        operands = new CudaOperands(device, stream);
        Nvrtc compiler = new Nvrtc(libraries.calls(LibraryKind.NVRTC));
        Path nvrtc = libraries.file(LibraryKind.NVRTC);
        KernelSources sources =
                new KernelSources(compiler, compiler.version() + " " + nvrtc, context.capability(), options.cache());
        modules = new CudaModules(sources, memory, stream, operands);
        transforms = new CudaTransforms(stream, modules, newWorkspace("sums of columns"));
        CudaWorkspace products = newWorkspace("matrix products");
        cublas = memory.booked(() -> new Cublas(context, stream, products, options.tf32()));
        cudnn = memory.booked(() -> new Cudnn(context, stream, libraries.calls(LibraryKind.CUDNN)));
    }

    /** The device that the groups belong to. */
    Device device() {
        return device;
    }

    CudaOptions options() {
        return options;
    }

    CudaContext context() {
        return context;
    }

    CudaStream stream() {
        return stream;
    }

    CudaMemory memory() {
        return memory;
    }

    CudaOperands operands() {
        return operands;
    }

    CudaModules modules() {
        return modules;
    }

    /** Launches of kernels that several groups need. */
    CudaTransforms transforms() {
        return transforms;
    }

    /** Scratch memory of its own for one use; closed with the device. */
    CudaWorkspace newWorkspace(String use) {
        CudaWorkspace workspace = new CudaWorkspace(memory, "workspace of " + use);
        workspaces.add(workspace);
        return workspace;
    }

    /** Before the memory is closed. */
    void closeWorkspaces() {
        workspaces.forEach(CudaWorkspace::close);
    }

    Cublas cublas() {
        return cublas;
    }

    Cudnn cudnn() {
        return cudnn;
    }

    /** Functions that JCuda lacks. */
    NativeLibraries libraries() {
        return libraries;
    }

    @Override
    public void close() {
        cudnn.close();
        cublas.close();
        modules.close();
        stream.close();
        context.close();
    }
}
