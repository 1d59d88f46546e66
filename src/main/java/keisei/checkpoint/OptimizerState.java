package keisei.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import keisei.nn.ParameterStore;
import keisei.optim.AdamOptimizer;

/**
 * Adam's moments as tensors on the host, {@code exp_avg.<parameter>} and {@code exp_avg_sq.<parameter>} in the
 * parameters' logical layout. Exact for float32 optimizers. The number of applied steps is part of the manifest.
 */
public final class OptimizerState {
    private static final UnaryOperator<String> FIRST = name -> "exp_avg." + name;
    private static final UnaryOperator<String> SECOND = name -> "exp_avg_sq." + name;

    private OptimizerState() {}

    /** Copies both moments. @param store the store whose parameters the optimizer steps */
    public static Map<String, TensorData> capture(AdamOptimizer optimizer, ParameterStore store) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        FlatTensors.capture(optimizer.moment1(), store.parameters(), FIRST, tensors);
        FlatTensors.capture(optimizer.moment2(), store.parameters(), SECOND, tensors);
        return tensors;
    }

    /**
     * Loads both moments and the number of applied steps.
     *
     * @param appliedSteps {@link CheckpointManifest#optimizerStep()}
     * @throws IllegalArgumentException naming every tensor that is missing, unknown, or of another shape; the optimizer
     *     is unchanged then
     */
    public static void restore(
            Map<String, TensorData> tensors, long appliedSteps, AdamOptimizer optimizer, ParameterStore store) {
        StringBuilder problems = new StringBuilder();
        FlatTensors.compare(store.parameters(), FIRST, tensors, problems);
        FlatTensors.compare(store.parameters(), SECOND, tensors, problems);
        for (String name : tensors.keySet()) {
            int dot = name.indexOf('.');
            String parameter = name.substring(dot + 1);
            boolean known = store.parameters().containsKey(parameter)
                    && (name.equals(FIRST.apply(parameter)) || name.equals(SECOND.apply(parameter)));
            if (!known) {
                problems.append(" '%s' is not in the optimizer;".formatted(name));
            }
        }
        if (appliedSteps < 0) {
            problems.append(" the number of applied steps is %d, must be >= 0;".formatted(appliedSteps));
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("checkpoint does not fit the optimizer:" + problems);
        }
        FlatTensors.restore(optimizer.moment1(), store.parameters(), FIRST, tensors);
        FlatTensors.restore(optimizer.moment2(), store.parameters(), SECOND, tensors);
        optimizer.restoreAppliedSteps(appliedSteps);
    }
}
