package keisei.device.cuda;

import keisei.device.PolicyKernels;
import keisei.device.Slice;

/** Categorical policies, all in F32: a block of threads a row. */
final class CudaPolicy implements PolicyKernels {
    private static final String FILE = "policy";
    private static final int WORD_BITS = 32;

    private final CudaOperands operands;
    private final LazyKernel logSoftmax;
    private final LazyKernel logSoftmaxBackward;
    private final LazyKernel sample;
    private final LazyKernel greedy;
    private final LazyKernel evaluate;
    private final LazyKernel evaluateBackward;

    CudaPolicy(CudaRuntime runtime) {
        operands = runtime.operands();
        CudaModules modules = runtime.modules();
        logSoftmax = new LazyKernel(modules, FILE, "log_softmax");
        logSoftmaxBackward = new LazyKernel(modules, FILE, "log_softmax_backward");
        sample = new LazyKernel(modules, FILE, "policy_sample");
        greedy = new LazyKernel(modules, FILE, "policy_greedy");
        evaluate = new LazyKernel(modules, FILE, "policy_evaluate");
        evaluateBackward = new LazyKernel(modules, FILE, "policy_evaluate_backward");
    }

    /** Elements of a mask. */
    static long maskWords(int batch, int actions) {
        return (long) batch * Math.ceilDiv(actions, WORD_BITS);
    }

    private static long size(int batch, int actions) {
        CudaOperands.requireNotNegative("batch", batch);
        CudaOperands.requirePositive("actions", actions);
        return (long) batch * actions;
    }

    private static void launch(CudaKernel kernel, int batch) {
        kernel.launch(batch, 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void logSoftmax(int batch, int actions, Slice logits, Slice mask, Slice out) {
        long size = size(batch, actions);
        long from = operands.floats("logits", logits, size);
        long legal = operands.ints("mask", mask, maskWords(batch, actions));
        long to = operands.floats("out", out, size);
        launch(logSoftmax.get().integer(actions).address(from).address(legal).address(to), batch);
    }

    @Override
    public void logSoftmaxBackward(
            int batch, int actions, Slice out, Slice mask, Slice dOut, Slice dLogits, boolean accumulate) {
        long size = size(batch, actions);
        long from = operands.floats("out", out, size);
        long legal = operands.ints("mask", mask, maskWords(batch, actions));
        long gradient = operands.floats("dOut", dOut, size);
        long to = operands.floats("dLogits", dLogits, size);
        CudaKernel kernel =
                logSoftmaxBackward.get().integer(actions).address(from).address(legal);
        launch(kernel.address(gradient).address(to).integer(accumulate ? 1 : 0), batch);
    }

    @Override
    public void sample(
            int batch, int actions, Slice logits, Slice mask, Slice uniforms, Slice action, Slice logProbability) {
        long from = operands.floats("logits", logits, size(batch, actions));
        long legal = operands.ints("mask", mask, maskWords(batch, actions));
        long draws = operands.floats("uniforms", uniforms, batch);
        long chosen = operands.ints("action", action, batch);
        long logp = operands.floats("logProbability", logProbability, batch);
        CudaKernel kernel = sample.get().integer(actions).address(from).address(legal);
        launch(kernel.address(draws).address(chosen).address(logp), batch);
    }

    @Override
    public void greedy(int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability) {
        long from = operands.floats("logits", logits, size(batch, actions));
        long legal = operands.ints("mask", mask, maskWords(batch, actions));
        long chosen = operands.ints("action", action, batch);
        long logp = operands.floats("logProbability", logProbability, batch);
        CudaKernel kernel = greedy.get().integer(actions).address(from).address(legal);
        launch(kernel.address(chosen).address(logp), batch);
    }

    @Override
    public void evaluate(
            int batch, int actions, Slice logits, Slice mask, Slice action, Slice logProbability, Slice entropy) {
        long from = operands.floats("logits", logits, size(batch, actions));
        long legal = operands.ints("mask", mask, maskWords(batch, actions));
        long given = operands.ints("action", action, batch);
        long logp = operands.floats("logProbability", logProbability, batch);
        long entropies = operands.floats("entropy", entropy, batch);
        CudaKernel kernel = evaluate.get().integer(actions).address(from).address(legal);
        launch(kernel.address(given).address(logp).address(entropies), batch);
    }

    @Override
    public void evaluateBackward(
            int batch,
            int actions,
            Slice logits,
            Slice mask,
            Slice action,
            Slice dLogProbability,
            Slice dEntropy,
            Slice dLogits,
            boolean accumulate) {
        long size = size(batch, actions);
        long from = operands.floats("logits", logits, size);
        long legal = operands.ints("mask", mask, maskWords(batch, actions));
        long given = operands.ints("action", action, batch);
        long gradient = operands.floats("dLogProbability", dLogProbability, batch);
        long entropyGradient = operands.floats("dEntropy", dEntropy, batch);
        long to = operands.floats("dLogits", dLogits, size);
        CudaKernel kernel = evaluateBackward
                .get()
                .integer(actions)
                .address(from)
                .address(legal)
                .address(given);
        kernel.address(gradient).address(entropyGradient).address(to).integer(accumulate ? 1 : 0);
        launch(kernel, batch);
    }
}
