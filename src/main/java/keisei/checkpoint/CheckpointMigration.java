package keisei.checkpoint;

import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** Turns a checkpoint of one format version into the next one. */
@FunctionalInterface
public interface CheckpointMigration {
    /**
     * A verified checkpoint that was not interpreted yet.
     *
     * @param manifest the manifest's JSON tree
     * @param model model tensors by name
     * @param optimizer optimizer tensors by name
     */
    record Raw(ObjectNode manifest, Map<String, TensorData> model, Map<String, TensorData> optimizer) {}

    /** Gives the checkpoint of the next version; the field {@code formatVersion} is set by the caller. */
    Raw migrate(Raw old);
}
