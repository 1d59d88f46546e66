package keisei.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import keisei.bench.UpdateProfile;
import keisei.config.ConfigSource;
import keisei.config.Presets;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code keisei profile}: the device time of every kernel of one training iteration. */
@Command(
        name = "profile",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Prints the device time of every kernel of one training iteration on a GPU.",
        footer = {
            "",
            "Examples:",
            "  keisei profile",
            "  keisei profile --config shogi-gpu --device cuda:1 --override training.mixed_precision=false"
        })
public final class ProfileCommand implements Callable<Integer> {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "YAML or JSON file, or the name of a preset. Default: ${DEFAULT-VALUE}.")
    private String config = "shogi-gpu";

    @Option(
            names = "--device",
            paramLabel = "NAME",
            description = "cuda or cuda:N; a profile needs a CUDA device. Default: ${DEFAULT-VALUE}.")
    private String device = "cuda";

    @Option(
            names = "--override",
            paramLabel = "KEY=VALUE",
            description = "Set any key, such as training.tower_depth=4; may be repeated.")
    private List<String> overrides = new ArrayList<>();

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        Path file = Path.of(config);
        ConfigSource source = !Files.exists(file) && Presets.names().contains(config)
                ? Presets.byName(config)
                : ConfigSource.file(file);
        List<String> settings = new ArrayList<>(overrides);
        settings.add("env.device=" + device);
        PrintWriter out = spec.commandLine().getOut();
        out.print(UpdateProfile.measure(source, settings).format());
        out.flush();
        return 0;
    }
}
