package keisei.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import keisei.config.ConfigException;
import keisei.config.ConfigLoader;
import keisei.config.ConfigSource;
import keisei.config.Presets;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code keisei train}: puts the configuration together and starts a {@link TrainingRunner}. */
@Command(
        name = "train",
        description = "Trains by self-play. Without --config it takes the preset for the device it finds.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:the run is complete",
            "1:the configuration has mistakes, the run failed, or it did not meet the learning criterion",
            "2:bad arguments",
            "130:stopped by Ctrl-C and saved (143: by SIGTERM)"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  keisei train",
            "  keisei train --config config/minishogi-quick.yaml --seed 7",
            "  keisei train --tower-depth 4 --tower-width 64 --override training.gamma=0.995",
            "  keisei train --resume                     (the newest whole checkpoint)",
            "  keisei train --resume PATH --total-timesteps 1000000"
        })
public final class TrainCommand implements Callable<Integer> {
    private final TrainingRunner runner;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "YAML or JSON file, or the name of a preset: minishogi-quick, cpu-laptop, shogi-small,"
                    + " shogi-gpu.")
    private @Nullable String config;

    @Option(
            names = "--override",
            paramLabel = "KEY=VALUE",
            description = "Set any key, such as training.gamma=0.995; may be repeated. Wins over the file.")
    private List<String> overrides = new ArrayList<>();

    @Option(
            names = "--resume",
            arity = "0..1",
            fallbackValue = "latest",
            paramLabel = "PATH",
            description = "Go on from a checkpoint; without PATH, or with latest, from the newest whole one.")
    private @Nullable String resume;

    @Option(names = "--print-config", description = "Print the configuration that would be used, and exit.")
    private boolean printConfig;

    @Spec
    private @Nullable CommandSpec spec;

    private TrainCommand(TrainingRunner runner) {
        this.runner = runner;
    }

    /** The command with all its options. */
    static CommandLine commandLine(TrainingRunner runner) {
        CommandSpec spec = CommandSpec.forAnnotatedObject(new TrainCommand(runner));
        TrainFlag.ALL.forEach(flag -> spec.addOption(flag.option()));
        return new CommandLine(spec);
    }

    @Override
    public Integer call() {
        for (String override : overrides) {
            if (override.indexOf('=') <= 0) {
                throw new CommandLine.ParameterException(
                        commandLine(), "--override is \"" + override + "\", it must be KEY=VALUE");
            }
        }
        PrintWriter out = commandLine().getOut();
        List<ConfigLoader.Flag> flags = flags();
        ConfigSource source = source(out, flags);
        ConfigLoader.Loaded loaded = ConfigLoader.load(Optional.of(source), overrides, flags);
        loaded.notes().forEach(note -> commandLine().getErr().println("note: " + note));
        if (printConfig) {
            out.print(loaded.config().toYaml());
            out.flush();
            return 0;
        }
        if (!VectorModule.isPresent()) {
            commandLine().getErr().println("keisei: " + VectorModule.ADVICE);
            return 1;
        }
        return runner.run(loaded.config(), new TrainRequest(Optional.ofNullable(resume), source.name(), out));
    }

    private List<ConfigLoader.Flag> flags() {
        List<ConfigLoader.Flag> given = new ArrayList<>();
        for (TrainFlag flag : TrainFlag.ALL) {
            flag.value(commandLine().getParseResult())
                    .ifPresent(value -> given.add(new ConfigLoader.Flag(flag.name(), flag.path(), value)));
        }
        return given;
    }

    private ConfigSource source(PrintWriter out, List<ConfigLoader.Flag> flags) {
        if (config != null) {
            Path file = Path.of(config);
            return !Files.exists(file) && Presets.names().contains(config)
                    ? Presets.byName(config)
                    : ConfigSource.file(file);
        }
        if (resume != null) {
            Optional<Path> used = runner.configurationOf(resume, modelDir(flags), lastValue("logging.run_name", flags));
            if (used.isPresent()) {
                say(out, "configuration of the resumed run: " + used.get());
                return ConfigSource.file(used.get());
            }
        }
        String device = device(flags);
        String preset = Presets.forDevice(device);
        say(out, "no --config given; preset for device " + device + ": " + preset);
        return Presets.byName(preset);
    }

    /** The configuration itself may be what is printed to standard output. */
    private void say(PrintWriter out, String line) {
        PrintWriter target = printConfig ? commandLine().getErr() : out;
        target.println(line);
        target.flush();
    }

    private String device(List<ConfigLoader.Flag> flags) {
        String wanted = lastValue("env.device", flags).orElse("auto");
        boolean gpu = wanted.equals("auto") ? runner.usesGpu() : wanted.startsWith("cuda");
        return gpu ? "cuda" : "cpu";
    }

    private Path modelDir(List<ConfigLoader.Flag> flags) {
        return Path.of(lastValue("logging.model_dir", flags)
                .orElseGet(() -> ConfigLoader.defaults().logging().modelDir()));
    }

    /** The value of a key that the command line sets: the flag, else the last override. */
    private Optional<String> lastValue(String path, List<ConfigLoader.Flag> flags) {
        String prefix = path + "=";
        Optional<String> overridden = overrides.stream()
                .filter(pair -> pair.startsWith(prefix))
                .map(pair -> pair.substring(prefix.length()))
                .reduce((first, second) -> second);
        return flags.stream()
                .filter(flag -> flag.path().equals(path))
                .map(ConfigLoader.Flag::value)
                .findFirst()
                .or(() -> overridden);
    }

    private CommandLine commandLine() {
        if (spec == null) {
            throw new IllegalStateException("the command was not started by picocli");
        }
        return spec.commandLine();
    }

    /** Prints all mistakes of a configuration. */
    static void print(ConfigException mistakes, PrintWriter err) {
        int count = mistakes.problems().size();
        err.println("keisei: the configuration has " + count + (count == 1 ? " mistake:" : " mistakes:"));
        mistakes.problems().forEach(problem -> err.println("  " + problem));
        err.flush();
    }
}
