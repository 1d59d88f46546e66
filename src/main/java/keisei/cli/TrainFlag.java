package keisei.cli;

import java.util.List;
import picocli.CommandLine.Model.OptionSpec;

/**
 * A flag of {@code keisei train} that sets one key of the configuration. Its value is checked with the whole
 * configuration, so that all mistakes are reported together.
 *
 * @param name with dashes; the spelling with underscores is accepted too
 * @param path key that it sets
 * @param label placeholder for the value in the help
 * @param isSwitch whether it may stand without a value and then means {@code true}
 * @param description for the help
 */
record TrainFlag(String name, String path, String label, boolean isSwitch, String description) {
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
            toggle("--ddp", "training.ddp", "Several processes; not part of this version."),
            value("--savedir", "logging.model_dir", "DIR", "Directory of all runs."),
            value("--run-name", "logging.run_name", "NAME", "Name of the run and of its directory."),
            value("--render-every", "training.render_every_steps", "N", "Rounds between looks at the live view."),
            toggle("--wandb-enabled", "wandb.enabled", "Experiment tracking; not part of this version."));

    private static TrainFlag value(String name, String path, String label, String description) {
        return new TrainFlag(name, path, label, false, description);
    }

    private static TrainFlag toggle(String name, String path, String description) {
        return new TrainFlag(name, path, "true|false", true, description);
    }

    /** All spellings. */
    List<String> names() {
        String underscores = "--" + name.substring(2).replace('-', '_');
        return underscores.equals(name) ? List.of(name) : List.of(name, underscores);
    }

    /** The option of picocli. */
    OptionSpec option() {
        OptionSpec.Builder builder = OptionSpec.builder(names().toArray(String[]::new))
                .type(String.class)
                .paramLabel(label)
                .description(description);
        return isSwitch
                ? builder.arity("0..1").fallbackValue("true").build()
                : builder.arity("1").build();
    }
}
