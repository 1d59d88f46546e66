package keisei.device.cuda;

import java.nio.file.Path;
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
        operands = new CudaOperands(device);
        Nvrtc compiler = new Nvrtc(libraries.calls(LibraryKind.NVRTC));
        Path nvrtc = libraries.file(LibraryKind.NVRTC);
        KernelSources sources =
                new KernelSources(compiler, compiler.version() + " " + nvrtc, context.capability(), options.cache());
        modules = new CudaModules(sources, memory, stream, operands);
        cublas = memory.booked(() -> new Cublas(stream));
        cudnn = memory.booked(() -> new Cudnn(stream));
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
