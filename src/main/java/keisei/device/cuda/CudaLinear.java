package keisei.device.cuda;

import keisei.device.DType;
import keisei.device.LinearKernels;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * Linear layers by cuBLAS. The type of {@code y} (or {@code dy}) is the type of the product's factors. So the heads,
 * whose outputs are float32, are computed in float32 also where the network's activations are float16: they are less than
 * a thousandth of its work, and the gradients of thousands of logits, which almost cancel, do not survive rounding.
 */
final class CudaLinear implements LinearKernels {
    private final CudaRuntime runtime;
    private final CudaOperands operands;
    private final CudaTransforms transforms;
    private final Cublas cublas;
    private final CudaWorkspace converted;

    CudaLinear(CudaRuntime runtime) {
        this.runtime = runtime;
        operands = runtime.operands();
        transforms = runtime.transforms();
        cublas = runtime.cublas();
        converted = runtime.newWorkspace("linear layers");
    }

    @Override
    public PreparedWeights prepare(int in, int out, Slice weights) {
        CudaOperands.requirePositive("in", in);
        CudaOperands.requirePositive("out", out);
        operands.floats("weights", weights, (long) in * out);
        return new Weights(in, out, weights.range(0, in * out));
    }

    private Weights opened(PreparedWeights weights) {
        if (!(weights instanceof Weights own) || !own.isOf(runtime)) {
            throw new IllegalArgumentException("weights: they were not prepared by the linear layers of device '%s'"
                    .formatted(runtime.device().name()));
        }
        return own;
    }

    @Override
    public void forward(PreparedWeights weights, int batch, Slice x, @Nullable Slice bias, Slice y) {
        Weights own = opened(weights);
        CudaOperands.requireNotNegative("batch", batch);
        long from = operands.reals("x", x, (long) batch * own.in);
        long to = operands.reals("y", y, (long) batch * own.out);
        long shift = operands.optionalFloats("bias", bias, own.out);
        DType factors = y.dtype();
        long w = own.address(factors);
        if (batch == 0) {
            return;
        }
        long input = as(factors, x.dtype(), from, batch * own.in);
        cublas.product(batch, own.out, own.in, factors, input, false, w, true, false, factors, to);
        if (bias != null) {
            transforms.addBias(y.dtype(), batch, own.out, shift, to);
        }
    }

    @Override
    public void backwardData(PreparedWeights weights, int batch, Slice dy, Slice dx, boolean accumulate) {
        Weights own = opened(weights);
        CudaOperands.requireNotNegative("batch", batch);
        long from = operands.reals("dy", dy, (long) batch * own.out);
        long to = operands.reals("dx", dx, (long) batch * own.in);
        DType factors = dy.dtype();
        long w = own.address(factors);
        if (batch == 0) {
            return;
        }
        if (dx.dtype() == factors) {
            cublas.product(batch, own.in, own.out, factors, from, false, w, false, accumulate, factors, to);
            return;
        }
        int count = batch * own.in;
        converted.begin(2L * count, 2);
        long product = converted.take(count);
        cublas.product(batch, own.in, own.out, factors, from, false, w, false, false, factors, product);
        if (accumulate) {
            long rounded = converted.take(count);
            transforms.convert(count, factors, product, dx.dtype(), rounded);
            transforms.accumulate(dx.dtype(), count, rounded, to);
        } else {
            transforms.convert(count, factors, product, dx.dtype(), to);
        }
    }

    @Override
    public void backwardWeights(int in, int out, int batch, Slice x, Slice dy, Slice dw, @Nullable Slice dbias) {
        CudaOperands.requirePositive("in", in);
        CudaOperands.requirePositive("out", out);
        CudaOperands.requireNotNegative("batch", batch);
        long input = operands.reals("x", x, (long) batch * in);
        long from = operands.reals("dy", dy, (long) batch * out);
        long sum = operands.floats("dw", dw, (long) in * out);
        long biasSum = operands.optionalFloats("dbias", dbias, out);
        if (batch == 0) {
            return;
        }
        DType factors = dy.dtype();
        long image = as(factors, x.dtype(), input, batch * in);
        cublas.product(out, in, batch, factors, from, true, image, false, true, DType.F32, sum);
        if (dbias != null) {
            transforms.addColumnSums(dy.dtype(), batch, out, from, biasSum);
        }
    }

    /** An operand in the type of the factors. */
    private long as(DType factors, DType dtype, long from, int count) {
        if (dtype == factors) {
            return from;
        }
        long to = converted.address((long) count * factors.bytes());
        transforms.convert(count, dtype, from, factors, to);
        return to;
    }

    /** Weights {@code [out, in]}. */
    final class Weights extends CudaPreparedWeights {
        private final int in;
        private final int out;

        Weights(int in, int out, Slice weights) {
            super(runtime, weights);
            this.in = in;
            this.out = out;
        }
    }
}
