package keisei.device.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Where the software CUDA device lies; tests that need it are skipped where it was not built. */
final class SoftwareCuda {
    private SoftwareCuda() {}

    /** Its folder. */
    static Path folder() {
        Path folder = Path.of(System.getProperty("keisei.softcuda.dir", "target/softcuda"))
                .toAbsolutePath();
        assumeTrue(
                Files.exists(folder.resolve("libcuda.so.1")),
                () -> "the software CUDA device is not in " + folder + ": native/build.sh makes it, with g++");
        return folder;
    }

    /** Its libraries. */
    static CudaLibraries libraries() {
        return CudaLibraries.find(List.of(folder()), Map.of());
    }
}
