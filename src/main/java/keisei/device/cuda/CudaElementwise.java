package keisei.device.cuda;

import keisei.device.Activation;
import keisei.device.DType;
import keisei.device.ElementwiseKernels;
import keisei.device.Slice;

/** Element-wise primitives. All operands of one call have one type, F32 or F16, unless said otherwise. */
final class CudaElementwise implements ElementwiseKernels {
    private static final String FILE = "elementwise";

    private final CudaOperands operands;
    private final RealKernel fill;
    private final LazyKernel fillInts;
    private final LazyKernel fillBytes;
    private final LazyKernel copy1;
    private final LazyKernel copy2;
    private final LazyKernel copy4;
    private final LazyKernel toHalf;
    private final LazyKernel toFloat;
    private final RealKernel add;
    private final RealKernel scale;
    private final RealKernel activate;
    private final RealKernel activateBackward;
    private final RealKernel flattenFromFloat;
    private final RealKernel flattenFromHalf;
    private final RealKernel unflattenFromFloat;
    private final RealKernel unflattenFromHalf;

    CudaElementwise(CudaRuntime runtime) {
        operands = runtime.operands();
        CudaModules modules = runtime.modules();
        fill = new RealKernel(modules, FILE, "fill");
        fillInts = new LazyKernel(modules, FILE, "fill_i32");
        fillBytes = new LazyKernel(modules, FILE, "fill_u8");
        copy1 = new LazyKernel(modules, FILE, "copy_1");
        copy2 = new LazyKernel(modules, FILE, "copy_2");
        copy4 = new LazyKernel(modules, FILE, "copy_4");
        toHalf = new LazyKernel(modules, FILE, "copy_f32_f16");
        toFloat = new LazyKernel(modules, FILE, "copy_f16_f32");
        add = new RealKernel(modules, FILE, "add");
        scale = new RealKernel(modules, FILE, "scale");
        activate = new RealKernel(modules, FILE, "activate");
        activateBackward = new RealKernel(modules, FILE, "activate_backward");
        flattenFromFloat = new RealKernel(modules, FILE, "flatten_f32");
        flattenFromHalf = new RealKernel(modules, FILE, "flatten_f16");
        unflattenFromFloat = new RealKernel(modules, FILE, "unflatten_f32");
        unflattenFromHalf = new RealKernel(modules, FILE, "unflatten_f16");
    }

    private static void launch(CudaKernel kernel, int count) {
        kernel.launch(LaunchShape.elements(count), 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void fill(Slice destination, double value) {
        long address = operands.address("destination", destination);
        int n = destination.length();
        CudaKernel kernel = switch (destination.dtype()) {
            case I32 -> fillInts.get().integer(n).integer((int) value);
            case U8 -> fillBytes.get().integer(n).integer((byte) (int) value);
            default -> fill.of(destination).integer(n).real((float) value);
        };
        launch(kernel.address(address), n);
    }

    /** {@inheritDoc} Also between F32 and F16, rounding to the nearest, ties to even. */
    @Override
    public void copy(Slice source, Slice destination) {
        CudaOperands.requireEqualLength("source", source, "destination", destination);
        int n = source.length();
        DType from = source.dtype();
        DType to = destination.dtype();
        long sourceAddress = operands.address("source", source);
        long destinationAddress;
        CudaKernel kernel;
        if (from == DType.F32 && to == DType.F16) {
            kernel = toHalf.get();
            destinationAddress = operands.address("destination", destination);
        } else if (from == DType.F16 && to == DType.F32) {
            kernel = toFloat.get();
            destinationAddress = operands.address("destination", destination);
        } else {
            destinationAddress = operands.typed("destination", destination, from, n);
            kernel = switch (from.bytes()) {
                case 1 -> copy1.get();
                case 2 -> copy2.get();
                default -> copy4.get();
            };
        }
        launch(kernel.integer(n).address(sourceAddress).address(destinationAddress), n);
    }

    @Override
    public void add(Slice a, Slice b, Slice out) {
        CudaOperands.requireEqualLength("a", a, "b", b);
        CudaOperands.requireEqualLength("a", a, "out", out);
        long first = operands.reals("a", a, 0);
        long second = operands.typed("b", b, a.dtype(), 0);
        long sum = operands.typed("out", out, a.dtype(), 0);
        launch(add.of(a).integer(a.length()).address(first).address(second).address(sum), a.length());
    }

    @Override
    public void accumulate(Slice source, Slice destination) {
        CudaOperands.requireEqualLength("source", source, "destination", destination);
        long to = operands.reals("destination", destination, 0);
        long from = operands.typed("source", source, destination.dtype(), 0);
        CudaKernel kernel = add.of(destination).integer(source.length());
        launch(kernel.address(to).address(from).address(to), source.length());
    }

    @Override
    public void scale(Slice x, double factor) {
        long address = operands.reals("x", x, 0);
        launch(scale.of(x).integer(x.length()).real((float) factor).address(address), x.length());
    }

    @Override
    public void activate(Activation f, Slice x, Slice y) {
        CudaOperands.requireEqualLength("x", x, "y", y);
        long from = operands.reals("x", x, 0);
        long to = operands.typed("y", y, x.dtype(), 0);
        CudaKernel kernel = activate.of(x).integer(x.length()).integer(f.ordinal());
        launch(kernel.address(from).address(to), x.length());
    }

    @Override
    public void activateBackward(Activation f, Slice y, Slice dy, Slice dx, boolean accumulate) {
        CudaOperands.requireEqualLength("y", y, "dy", dy);
        CudaOperands.requireEqualLength("y", y, "dx", dx);
        long out = operands.reals("y", y, 0);
        long gradient = operands.typed("dy", dy, y.dtype(), 0);
        long result = operands.typed("dx", dx, y.dtype(), 0);
        CudaKernel kernel = activateBackward.of(y).integer(y.length()).integer(f.ordinal());
        launch(kernel.address(out).address(gradient).address(result).integer(accumulate ? 1 : 0), y.length());
    }

    private static int size(int batch, int spatial, int channels) {
        CudaOperands.requireNotNegative("batch", batch);
        CudaOperands.requirePositive("spatial", spatial);
        CudaOperands.requirePositive("channels", channels);
        return Math.toIntExact((long) batch * spatial * channels);
    }

    /** {@inheritDoc} {@code x} and {@code y} may differ in type. */
    @Override
    public void flattenChannelMajor(int batch, int spatial, int channels, Slice x, Slice y) {
        int n = size(batch, spatial, channels);
        long from = operands.reals("x", x, n);
        long to = operands.reals("y", y, n);
        CudaKernel kernel = (x.dtype() == DType.F16 ? flattenFromHalf : flattenFromFloat).of(y);
        launch(
                kernel.integer(n)
                        .integer(spatial)
                        .integer(channels)
                        .address(from)
                        .address(to),
                n);
    }

    /** {@inheritDoc} {@code dy} and {@code dx} may differ in type. */
    @Override
    public void flattenChannelMajorBackward(
            int batch, int spatial, int channels, Slice dy, Slice dx, boolean accumulate) {
        int n = size(batch, spatial, channels);
        long from = operands.reals("dy", dy, n);
        long to = operands.reals("dx", dx, n);
        CudaKernel kernel = (dy.dtype() == DType.F16 ? unflattenFromHalf : unflattenFromFloat).of(dx);
        kernel.integer(n).integer(spatial).integer(channels).address(from).address(to);
        launch(kernel.integer(accumulate ? 1 : 0), n);
    }
}
