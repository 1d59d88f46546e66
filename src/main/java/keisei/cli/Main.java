package keisei.cli;

import java.io.PrintWriter;
import keisei.config.ConfigException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/** The program: finds the command and prints what went wrong. */
@Command(
        name = "keisei",
        description = "Teaches a neural network to play Shogi by self-play.",
        mixinStandardHelpOptions = true,
        versionProvider = KeiseiVersion.class,
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  keisei train --config config/minishogi-quick.yaml",
            "  keisei train --resume",
            "  keisei perft --depth 4",
            "  keisei doctor",
            "Each command has its own --help. KEISEI_LOG_LEVEL=DEBUG logs more."
        })
public final class Main implements Runnable {
    private final CommandSpec spec = CommandSpec.forAnnotatedObject(this);

    private Main() {}

    /** Runs the program and exits. */
    public static void main(String[] arguments) {
        StandardError.restore();
        int exitCode = commandLine(new TrainerRunner()).execute(arguments);
        System.exit(exitCode);
    }

    /** The program with all commands; {@code train} calls the runner. */
    static CommandLine commandLine(TrainingRunner runner) {
        CommandLine program = new CommandLine(new Main().spec);
        program.addSubcommand(TrainCommand.commandLine(runner));
        program.addSubcommand(new PerftCommand());
        program.addSubcommand(new CommandLine(new BenchCommand()).setCaseInsensitiveEnumValuesAllowed(true));
        program.addSubcommand(new ProfileCommand());
        program.addSubcommand(new MeasureCommand());
        program.addSubcommand(new DoctorCommand());
        program.getSubcommands()
                .values()
                .forEach(command -> command.getCommandSpec().versionProvider(new KeiseiVersion()));
        program.setParameterExceptionHandler((e, unused) -> wrongUsage(e));
        program.setExecutionExceptionHandler((e, command, unused) -> failed(e, command));
        return program;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "no command given");
    }

    private static int wrongUsage(CommandLine.ParameterException e) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("keisei: " + e.getMessage());
        CommandLine.UnmatchedArgumentException.printSuggestions(e, err);
        err.println("Try '" + command.getCommandSpec().qualifiedName() + " --help'.");
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private static int failed(Exception e, CommandLine command) {
        if (e instanceof ConfigException mistakes) {
            TrainCommand.print(mistakes, command.getErr());
            return 1;
        }
        Logger logger = LoggerFactory.getLogger(Main.class);
        logger.debug("the command failed", e);
        String reason = e.getMessage() == null ? e.toString() : e.getMessage();
        command.getErr().println("keisei: " + reason + " (KEISEI_LOG_LEVEL=DEBUG shows where)");
        command.getErr().flush();
        return 1;
    }
}
