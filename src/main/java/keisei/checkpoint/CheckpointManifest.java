package keisei.checkpoint;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import keisei.nn.ModelSpec;
import tools.jackson.databind.JsonNode;

/**
 * Everything of a checkpoint that is not a tensor. The JSON trees are the trainer's own: this package stores them and
 * gives them back unchanged.
 *
 * @param createdBy program and version
 * @param timestep environment steps done
 * @param model what the model is built from
 * @param featureSet name of the feature set
 * @param actionSpace name of the action space
 * @param optimizerStep optimizer steps applied
 * @param config the run's configuration
 * @param counters games, wins, draws and the like
 * @param schedule position of the learning-rate schedule
 * @param metrics windows of recent metrics
 * @param randomStates state of every random stream, by name; see {@code RandomStream.state()}
 * @param games games in progress
 */
public record CheckpointManifest(
        String createdBy,
        long timestep,
        ModelSpec model,
        String featureSet,
        String actionSpace,
        long optimizerStep,
        JsonNode config,
        JsonNode counters,
        JsonNode schedule,
        JsonNode metrics,
        Map<String, List<Long>> randomStates,
        List<GameRecord> games) {
    /** Version of the format that this build writes. */
    public static final int FORMAT_VERSION = 1;

    /** Copies map and list. @throws IllegalArgumentException when the timestep is negative */
    public CheckpointManifest {
        if (timestep < 0) {
            throw new IllegalArgumentException("checkpoint timestep is " + timestep + ", must be >= 0");
        }
        Map<String, List<Long>> states = new LinkedHashMap<>();
        randomStates.forEach((name, state) -> states.put(name, List.copyOf(state)));
        randomStates = states;
        games = List.copyOf(games);
    }
}
