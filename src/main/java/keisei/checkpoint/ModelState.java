package keisei.checkpoint;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import keisei.nn.ActorCritic;
import keisei.nn.ParameterStore;

/**
 * A model's parameters and running statistics as tensors on the host, under PyTorch's state-dict names and in its
 * logical layout. Exact for float32 models; a float64 model is rounded to float32.
 */
public final class ModelState {
    private ModelState() {}

    /** Copies parameters, then statistics. */
    public static Map<String, TensorData> capture(ParameterStore store) {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        FlatTensors.capture(store.values(), store.parameters(), UnaryOperator.identity(), tensors);
        if (!store.buffers().isEmpty()) {
            FlatTensors.capture(store.statistics(), store.buffers(), UnaryOperator.identity(), tensors);
        }
        return tensors;
    }

    /**
     * Loads every parameter and statistic, and tells the model.
     *
     * @throws IllegalArgumentException naming every tensor that is missing, unknown, or of another shape; the model is
     *     unchanged then
     */
    public static void restore(Map<String, TensorData> tensors, ActorCritic model) {
        restore(tensors, model.parameters());
        model.parametersChanged();
    }

    /** As {@link #restore(Map, ActorCritic)}, for a store whose model is told by the caller. */
    public static void restore(Map<String, TensorData> tensors, ParameterStore store) {
        StringBuilder problems = new StringBuilder();
        FlatTensors.compare(store.parameters(), UnaryOperator.identity(), tensors, problems);
        FlatTensors.compare(store.buffers(), UnaryOperator.identity(), tensors, problems);
        for (String name : tensors.keySet()) {
            if (!store.parameters().containsKey(name) && !store.buffers().containsKey(name)) {
                problems.append(" '%s' is not in the model;".formatted(name));
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("checkpoint does not fit the model:" + problems);
        }
        FlatTensors.restore(store.values(), store.parameters(), UnaryOperator.identity(), tensors);
        if (!store.buffers().isEmpty()) {
            FlatTensors.restore(store.statistics(), store.buffers(), UnaryOperator.identity(), tensors);
        }
    }
}
