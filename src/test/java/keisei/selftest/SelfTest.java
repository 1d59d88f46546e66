package keisei.selftest;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import keisei.device.DType;
import keisei.device.Device;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code keisei selftest} of the bundle: the conformance suite and the golden data on one device, a line for each
 * case. Exit code 0 when every case passed, 1 when one failed or the device cannot be opened.
 */
@Command(
        name = "keisei selftest",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Compares a device of this machine with float64 and with PyTorch, operation by operation.",
        footer = {
            "",
            "Examples:",
            "  keisei selftest                             (the first GPU)",
            "  keisei selftest --device cuda:1",
            "  keisei selftest --device cpu --match golden"
        })
public final class SelfTest implements Callable<Integer> {
    /** Comparisons with libtorch, one operation a case. */
    private static final List<String> OPERATIONS =
            List.of("keisei.golden.PerOperationGoldenTest", "keisei.golden.LossAndOptimizerGoldenTest");

    private static final List<String> CPU = List.of("keisei.device.cpu.CpuDeviceConformanceTest");
    private static final List<String> CUDA =
            List.of("keisei.device.cuda.CudaKernelsConformanceTest", "keisei.device.cuda.CudaLibrariesConformanceTest");

    @Option(
            names = "--device",
            paramLabel = "NAME",
            description = "cuda, cuda:N or cpu. Default: ${DEFAULT-VALUE}.",
            defaultValue = "cuda")
    private String device = "cuda";

    @Option(
            names = "--match",
            paramLabel = "TEXT",
            description = "Only cases whose class or name has this text, in any case.",
            defaultValue = "")
    private String match = "";

    private final PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);

    private SelfTest() {}

    /** Runs the tests and exits. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SelfTest()).execute(arguments));
    }

    @Override
    public Integer call() {
        if (!TestedDevice.isName(device)) {
            out.println("keisei selftest: --device is \"" + device + "\"; allowed: cpu, cuda, cuda:N");
            return CommandLine.ExitCode.USAGE;
        }
        System.setProperty(TestedDevice.PROPERTY, device);
        System.setProperty(TestedDevice.MATCH, match.toLowerCase(Locale.ROOT));
        long start = System.nanoTime();
        // Kept open meanwhile: each case opens a device of its own, and the first one starts CUDA, which is slow.
        try (Device opened = TestedDevice.open(DType.F32)) {
            out.println("selftest on " + opened.name() + ": " + opened.description());
            CaseReport report = new CaseReport(out);
            Launcher launcher = LauncherFactory.create();
            launcher.execute(request(), report);
            double seconds = (System.nanoTime() - start) / 1e9;
            out.printf(Locale.ROOT, "selftest on %s: %s in %.0f s%n", device, report.summary(), seconds);
            return report.isGood() ? 0 : 1;
        } catch (RuntimeException e) {
            out.println("keisei selftest: " + e.getMessage());
            return 1;
        }
    }

    private LauncherDiscoveryRequest request() {
        List<String> classes = new ArrayList<>(TestedDevice.isCuda() ? CUDA : CPU);
        classes.add(TestedDeviceGoldenTest.class.getName());
        // Their cases are made while they run, and cannot be chosen before.
        OPERATIONS.stream().filter(TestedDevice::isWanted).forEach(classes::add);
        return LauncherDiscoveryRequestBuilder.request()
                .selectors(classes.stream().map(DiscoverySelectors::selectClass).toList())
                .filters((PostDiscoveryFilter) test -> FilterResult.includedIf(!test.isTest()
                        || TestedDevice.isWanted(test.getUniqueId().toString())))
                .build();
    }
}
