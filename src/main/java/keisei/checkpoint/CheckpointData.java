package keisei.checkpoint;

import java.util.Map;

/**
 * A whole checkpoint on the host.
 *
 * @param manifest everything that is not a tensor
 * @param model parameters and running statistics by name, in PyTorch's logical layout
 * @param optimizer the optimizer's moments, {@code exp_avg.<parameter>} and {@code exp_avg_sq.<parameter>}; empty where
 *     the checkpoint is for inference only
 */
public record CheckpointData(
        CheckpointManifest manifest, Map<String, TensorData> model, Map<String, TensorData> optimizer) {}
