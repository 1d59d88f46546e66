package keisei.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import keisei.device.cuda.CudaLibraries;
import keisei.device.cuda.CudaOptions;
import keisei.device.cuda.GpuProbe;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code keisei doctor}: what Keisei finds on this machine, and what stands in its way. */
@Command(
        name = "doctor",
        description = "Says what Keisei finds: JDK, processor, memory, libraries, GPU.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "Exit codes:%n",
        exitCodeList = {"0:training can start", "1:something that training needs is missing"})
public final class DoctorCommand implements Callable<Integer> {
    private static final double GIB_BYTES = 1L << 30;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        boolean vectors = VectorModule.isPresent();
        line(out, "Keisei", KeiseiVersion.text());
        line(
                out,
                "JDK",
                Runtime.version() + ", " + System.getProperty("java.vendor") + ", " + System.getProperty("java.home"));
        line(
                out,
                "System",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                        + System.getProperty("os.arch"));
        line(out, "Processor", processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores usable");
        line(out, "Vectors", vectors ? VectorWidth.bits() + " bits" : VectorModule.ADVICE);
        line(out, "Memory", memory());
        List<String> libraries = libraries(System.getProperty("java.class.path", ""));
        line(out, "Libraries", libraries.isEmpty() ? "none as jars on the class path" : String.join(", ", libraries));
        gpu(out, CudaLibraries.find(List.of(), System.getenv()));
        out.flush();
        return vectors ? 0 : 1;
    }

    private static void gpu(PrintWriter out, CudaLibraries libraries) {
        switch (libraries.gpus()) {
            case GpuProbe.Unusable unusable -> line(out, "GPU", "none usable: " + unusable.reason());
            case GpuProbe.Found found -> {
                for (int i = 0; i < found.gpus().size(); i++) {
                    GpuProbe.Gpu gpu = found.gpus().get(i);
                    line(out, "GPU", "cuda:%d, %s, %s".formatted(i, gpu.name(), gib(gpu.memoryBytes())));
                }
                line(out, "CUDA", "driver supports up to " + found.driverVersion() + ", " + libraries.driver());
                for (CudaLibraries.Report report :
                        libraries.report(CudaOptions.defaults().cache())) {
                    line(out, report.name(), report.text());
                }
                line(
                        out,
                        "Training",
                        libraries
                                .obstacle()
                                .map(reason -> "on the processor only, until the above is there")
                                .orElse("on the GPU with --device auto or cuda"));
            }
        }
    }

    private static void line(PrintWriter out, String name, String value) {
        out.printf(Locale.ROOT, "%-10s %s%n", name, value);
    }

    private static String memory() {
        long heapBytes = Runtime.getRuntime().maxMemory();
        String heap = gib(heapBytes) + " Java heap at most";
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? "%s, %s free; %s".formatted(gib(system.getTotalMemorySize()), gib(system.getFreeMemorySize()), heap)
                : heap;
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / GIB_BYTES);
    }

    /** The processor's name as Linux gives it; elsewhere the architecture. */
    private static String processor() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            return lines.filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElseGet(() -> System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    /** Names and versions of the jars on a class path, which are in their file names. */
    static List<String> libraries(String classPath) {
        return Arrays.stream(classPath.split(File.pathSeparator))
                .map(entry -> new File(entry).getName())
                .filter(name -> name.matches(".+-[0-9].*\\.jar"))
                .map(name -> name.substring(0, name.length() - ".jar".length()))
                .filter(name -> !name.startsWith("keisei-"))
                .map(name -> name.replaceFirst("-(?=[0-9])", " "))
                .sorted()
                .toList();
    }
}
