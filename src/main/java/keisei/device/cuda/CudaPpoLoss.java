package keisei.device.cuda;

import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** The PPO loss: a block of threads a row, then the metrics in one block, in a fixed order. */
final class CudaPpoLoss implements PpoLossKernels, AutoCloseable {
    private static final String FILE = "ppo_loss";

    private final CudaOperands operands;
    private final CudaWorkspace workspace;
    private final LazyKernel rows;
    private final LazyKernel sums;

    CudaPpoLoss(CudaRuntime runtime) {
        operands = runtime.operands();
        workspace = new CudaWorkspace(runtime.memory(), "workspace of the PPO loss");
        rows = new LazyKernel(runtime.modules(), FILE, "ppo_loss_rows");
        sums = new LazyKernel(runtime.modules(), FILE, "ppo_loss_metrics");
    }

    @Override
    public void lossAndGradient(
            int batch,
            int actions,
            PpoLossSettings settings,
            Slice logits,
            Slice mask,
            Slice action,
            Slice oldLogProbability,
            Slice advantage,
            Slice value,
            Slice oldValue,
            Slice returns,
            @Nullable Slice lossScale,
            Slice dLogits,
            Slice dValue,
            Slice metrics) {
        CudaOperands.requireNotNegative("batch", batch);
        CudaOperands.requirePositive("actions", actions);
        long size = (long) batch * actions;
        long from = operands.floats("logits", logits, size);
        long legal = operands.ints("mask", mask, CudaPolicy.maskWords(batch, actions));
        long given = operands.ints("action", action, batch);
        long oldLogp = operands.floats("oldLogProbability", oldLogProbability, batch);
        long advantages = operands.floats("advantage", advantage, batch);
        long values = operands.floats("value", value, batch);
        long oldValues = operands.floats("oldValue", oldValue, batch);
        long targets = operands.floats("returns", returns, batch);
        long scale = operands.optionalFloats("lossScale", lossScale, 1);
        long logitGradient = operands.floats("dLogits", dLogits, size);
        long valueGradient = operands.floats("dValue", dValue, batch);
        long totals = operands.floats("metrics", metrics, METRICS);
        workspace.begin((long) batch * METRICS, 1);
        long rowMetrics = workspace.take((long) batch * METRICS);

        CudaKernel kernel = rows.get().integer(actions).float64(settings.clipRange());
        kernel.float64(1.0 / Math.max(1, batch));
        kernel.float64(settings.valueCoefficient()).float64(settings.entropyCoefficient());
        kernel.integer(settings.clipValueLoss() ? 1 : 0).integer(settings.clipPolicyLoss() ? 1 : 0);
        kernel.address(from).address(legal).address(given).address(oldLogp).address(advantages);
        kernel.address(values).address(oldValues).address(targets).address(scale);
        kernel.address(logitGradient).address(valueGradient).address(rowMetrics);
        kernel.launch(batch, 1, LaunchShape.THREADS, 0);
        sums.get().integer(batch).address(rowMetrics).address(totals).launch(1, 1, LaunchShape.THREADS, 0);
    }

    @Override
    public void close() {
        workspace.close();
    }
}
