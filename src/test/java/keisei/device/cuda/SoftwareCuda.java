package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assumptions;

/**
 * The software CUDA device ({@code native/softcuda}): where its libraries lie, and what it has found. Tests that need
 * it are skipped, with a line that says why, where it could not be built.
 *
 * <p>A process has at most one of them: what is asked here is about all that happened in it since the last
 * {@link #reset}.
 */
public final class SoftwareCuda {
    private static final String FOLDER = "keisei.softcuda.dir";
    private static final long TEXT_BYTES = 1 << 20;

    private SoftwareCuda() {}

    /** The folder of its libraries; the running test is skipped where there is none. */
    public static Path folder() {
        String folder = System.getProperty(FOLDER, "target/softcuda");
        Path path = Path.of(folder).toAbsolutePath();
        Assumptions.assumeTrue(
                Files.exists(path.resolve("libcuda.so.1")),
                () -> "skipped: there is no software CUDA device in " + path + " (native/build.sh needs g++)");
        return path;
    }

    /** Its libraries. */
    public static CudaLibraries libraries() {
        return CudaLibraries.find(List.of(folder()), Map.of());
    }

    /** A device on it, by default with default options but a cache of its own. */
    public static CudaDevice open(UnaryOperator<CudaOptions> change) {
        Path cache = folder().resolveSibling("softcuda-cache");
        return CudaDevice.open(libraries(), change.apply(CudaOptions.defaults().withCache(cache)));
    }

    /** What was done that would be wrong on a GPU, or may be. */
    public static List<String> faults() {
        return text("keiseiSoftcudaFaults");
    }

    /** What contexts had not freed or closed when they ended. */
    static List<String> leaks() {
        return text("keiseiSoftcudaLeaks");
    }

    /** What is allocated or open now. */
    static List<String> live() {
        return text("keiseiSoftcudaLive");
    }

    /** How often each function of the CUDA libraries was called. */
    static Map<String, Long> calls() {
        Map<String, Long> calls = new TreeMap<>();
        for (String line : text("keiseiSoftcudaCalls")) {
            int space = line.indexOf(' ');
            calls.put(line.substring(0, space), Long.valueOf(line.substring(space + 1)));
        }
        return calls;
    }

    /** Forgets faults, leaks, calls and the errors of contexts; what is allocated stays. */
    static void reset() {
        driver().run("keiseiSoftcudaReset");
    }

    /** Whether faults and leaks are only kept and not printed, for tests that plant them. */
    static void quiet(boolean quiet) {
        driver().run("keiseiSoftcudaQuiet", quiet ? 1 : 0);
    }

    /** Whether operations run only when something waits for them, as they may on a GPU. */
    public static void lazy(boolean lazy) {
        driver().run("keiseiSoftcudaLazy", lazy ? 1 : 0);
    }

    /** Fails when the device has found a fault, or a leak of an ended context. */
    public static void assertSound() {
        if (!faults().isEmpty() || !leaks().isEmpty()) {
            throw new AssertionError("faults: " + faults() + "; leaks: " + leaks());
        }
    }

    /** Its driver library, for direct calls. */
    static NativeFunctions driver() {
        return NativeFunctions.of(folder().resolve("libcuda.so.1"));
    }

    private static List<String> text(String function) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(TEXT_BYTES);
            driver().call(function, text, TEXT_BYTES);
            return text.getString(0, StandardCharsets.UTF_8).lines().toList();
        }
    }
}
