package keisei.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import keisei.bench.NetworkMeasurement;
import keisei.config.AppConfig;
import keisei.config.ConfigLoader;
import keisei.device.Device;
import keisei.training.DeviceChoice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code keisei measure}: takes measurements as they are asked for on standard input, so that a comparison can
 * interleave them with another program's. {@code benchmarks/pytorch/compare.py} is such a comparison.
 */
@Command(
        name = "measure",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Takes one measurement for each line of standard input and answers with a line of JSON.",
        footer = {
            "",
            "Lines: forward BATCH, sample BATCH, train BATCH, memory.",
            "Example:",
            "  echo 'train 1024' | keisei measure --network 9x256 --mixed-precision"
        })
public final class MeasureCommand implements Callable<Integer> {
    private static final Pattern NETWORK = Pattern.compile("(\\d{1,3})x(\\d{1,4})");
    private static final Pattern REQUEST = Pattern.compile("(forward|sample|train) (\\d{1,6})");

    @Option(names = "--device", paramLabel = "NAME", description = "cpu, cuda, cuda:N. Default: ${DEFAULT-VALUE}.")
    private String device = "cuda";

    @Option(names = "--network", paramLabel = "DEPTHxWIDTH", description = "Default: ${DEFAULT-VALUE}.")
    private String network = "9x256";

    @Option(names = "--mixed-precision", description = "float16 activations.")
    private boolean mixedPrecision;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() throws IOException {
        Matcher size = NETWORK.matcher(network);
        if (!size.matches()) {
            throw new ParameterException(
                    spec.commandLine(), "--network is \"" + network + "\"; allowed: DEPTHxWIDTH, such as 9x256");
        }
        AppConfig config = ConfigLoader.load(
                        Optional.empty(),
                        List.of("env.device=" + device, "training.mixed_precision=" + mixedPrecision),
                        List.of())
                .config();
        PrintWriter out = spec.commandLine().getOut();
        try (Device opened = DeviceChoice.of(config).open(Runtime.getRuntime().availableProcessors());
                NetworkMeasurement measurement = new NetworkMeasurement(
                        opened, Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)))) {
            out.println("{\"device\":\"%s: %s\"}".formatted(opened.name(), opened.description()));
            out.flush();
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(answer(measurement, line.strip()));
                out.flush();
            }
        }
        return 0;
    }

    private static String answer(NetworkMeasurement measurement, String request) {
        if (request.equals("memory")) {
            return "{\"memory\":" + measurement.memoryJson() + "}";
        }
        Matcher parts = REQUEST.matcher(request);
        if (!parts.matches()) {
            throw new IllegalArgumentException(
                    "\"" + request + "\" cannot be measured; allowed: forward, sample or train and a batch, or memory");
        }
        NetworkMeasurement.Work work =
                NetworkMeasurement.Work.valueOf(parts.group(1).toUpperCase(Locale.ROOT));
        int batch = Integer.parseInt(parts.group(2));
        double seconds = measurement.sample(work, batch);
        return String.format(
                Locale.ROOT,
                "{\"work\":\"%s\",\"batch\":%d,\"seconds\":%.9f,\"flops_per_position\":%.0f}",
                parts.group(1),
                batch,
                seconds,
                measurement.flopsPerPosition(work));
    }
}
