package keisei.device.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Where the software CUDA device lies; tests that need it are skipped where it was not built. */
public final class SoftwareCuda {
    private SoftwareCuda() {}

    /** Its folder. */
    public static Path folder() {
        Path folder = Path.of(System.getProperty("keisei.softcuda.dir", "target/softcuda"))
                .toAbsolutePath();
        assumeTrue(
                Files.exists(folder.resolve("libcuda.so.1")),
                () -> "the software CUDA device is not in " + folder + ": native/build.sh makes it, with g++");
        return folder;
    }

    /** Its libraries. */
    public static CudaLibraries libraries() {
        return CudaLibraries.find(List.of(folder()), Map.of());
    }

    /** The device on it, with default options but a cache of its own. */
    public static CudaDevice open(UnaryOperator<CudaOptions> change) {
        Path cache = folder().resolveSibling("softcuda-cache");
        return CudaDevice.open(
                libraries(), change.apply(CudaOptions.defaults().withCache(cache)));
    }
}
