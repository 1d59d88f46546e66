package keisei.device.cuda;

import keisei.device.DType;
import keisei.device.Slice;

/** The two variants of a kernel, {@code name_f32} and {@code name_f16}. */
final class RealKernel {
    private final LazyKernel single;
    private final LazyKernel half;

    RealKernel(CudaModules modules, String file, String name) {
        single = new LazyKernel(modules, file, name + "_f32");
        half = new LazyKernel(modules, file, name + "_f16");
    }

    /** The variant for a slice's type. */
    CudaKernel of(Slice slice) {
        return slice.dtype() == DType.F16 ? half.get() : single.get();
    }
}
