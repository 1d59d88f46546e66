package keisei.cli;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import keisei.bench.SpeedTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code keisei bench}: measures this machine and prints a Markdown table. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures rules, environment, network and the training loop on this machine; a few minutes.",
        footer = {
            "",
            "Examples:",
            "  keisei bench",
            "  keisei bench rules environment",
            "  keisei bench network --threads 1"
        })
public final class BenchCommand implements Callable<Integer> {
    @Parameters(
            arity = "0..*",
            paramLabel = "SECTION",
            description = "What to measure: ${COMPLETION-CANDIDATES} (any case). All, if none is named.")
    private List<SpeedTable.Section> sections = List.of();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads of the network and the loop; 0: one a core. Default: ${DEFAULT-VALUE}.")
    private int threads;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws InterruptedException {
        if (threads < 0) {
            throw new ParameterException(spec.commandLine(), "--threads is " + threads + "; allowed: 0 or more");
        }
        int used = threads == 0 ? Runtime.getRuntime().availableProcessors() : threads;
        Set<SpeedTable.Section> wanted = EnumSet.noneOf(SpeedTable.Section.class);
        wanted.addAll(sections);
        spec.commandLine().getOut().print(SpeedTable.measure(wanted, used).format());
        spec.commandLine().getOut().flush();
        return 0;
    }
}
