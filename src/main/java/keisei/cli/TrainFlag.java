package keisei.cli;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * A flag of {@code keisei train} that sets one key of the configuration. Its value is checked with the whole
 * configuration, so that all mistakes are reported together.
 *
 * @param name with dashes; the spelling with underscores is accepted too
 * @param path key that it sets
 * @param label placeholder for the value in the help
 * @param alone what it means without a value; null where it must have one
 * @param takesValue whether it can have a value
 * @param description for the help
 */
record TrainFlag(
        String name, String path, String label, @Nullable String alone, boolean takesValue, String description) {
    static final List<TrainFlag> ALL = List.of(
            value("--seed", "env.seed", "N", "Seed of every random stream."),
            value("--device", "env.device", "NAME", "auto, cpu, cuda or cuda:N."),
            value("--total-timesteps", "training.total_timesteps", "N", "Moves, over all games, to train for."),
            value("--model", "training.model_type", "NAME", "Network, such as resnet."),
            value("--input-features", "training.input_features", "NAME", "Feature planes, such as core46+all."),
            value("--tower-depth", "training.tower_depth", "N", "Residual blocks."),
            value("--tower-width", "training.tower_width", "N", "Channels of the tower."),
            value("--se-ratio", "training.se_ratio", "R", "Squeeze-and-excitation bottleneck; 0: none."),
            toggle("--mixed-precision", "training.mixed_precision", "Half precision where the device can."),
            toggle("--cuda-graphs", "env.cuda_graphs", "Replay recorded work as CUDA graphs."),
            off("--no-cuda-graphs", "env.cuda_graphs", "Separate launches, for debugging."),
            value("--conv-path", "env.conv_path", "NAME", "Convolutions on a GPU: auto, legacy or graph."),
            toggle("--ddp", "training.ddp", "Several processes; not part of this version."),
            value("--savedir", "logging.model_dir", "DIR", "Directory of all runs."),
            value("--run-name", "logging.run_name", "NAME", "Name of the run and of its directory."),
            value("--render-every", "training.render_every_steps", "N", "Rounds between looks at the live view."),
            toggle("--wandb-enabled", "wandb.enabled", "Experiment tracking; not part of this version."));

    private static TrainFlag value(String name, String path, String label, String description) {
        return new TrainFlag(name, path, label, null, true, description);
    }

    private static TrainFlag toggle(String name, String path, String description) {
        return new TrainFlag(name, path, "true|false", "true", true, description);
    }

    private static TrainFlag off(String name, String path, String description) {
        return new TrainFlag(name, path, "", "false", false, description);
    }

    /** All spellings. */
    List<String> names() {
        String underscores = "--" + name.substring(2).replace('-', '_');
        return underscores.equals(name) ? List.of(name) : List.of(name, underscores);
    }

    /** The option of picocli. */
    OptionSpec option() {
        OptionSpec.Builder builder =
                OptionSpec.builder(names().toArray(String[]::new)).description(description);
        if (!takesValue) {
            return builder.type(boolean.class).arity("0").build();
        }
        builder.type(String.class).paramLabel(label);
        return alone == null
                ? builder.arity("1").build()
                : builder.arity("0..1").fallbackValue(alone).build();
    }

    /** The key's value where the flag was given. */
    Optional<String> value(ParseResult given) {
        if (!given.hasMatchedOption(name)) {
            return Optional.empty();
        }
        return takesValue ? Optional.ofNullable(given.matchedOptionValue(name, alone)) : Optional.ofNullable(alone);
    }
}
