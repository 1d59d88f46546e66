package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which library is taken. Libraries are files that nobody loads, except for the software device's driver. */
class CudaLibrariesTest {
    @TempDir
    private Path folder;

    private Path place(String path) throws IOException {
        Path file = folder.resolve(path);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, "");
    }

    private List<String> places(List<Path> configured, Map<String, String> environment) {
        return LibraryFolders.of(configured, environment).stream()
                .filter(place -> place.folders().stream().anyMatch(path -> path.startsWith(folder)))
                .map(LibraryFolders.Place::origin)
                .toList();
    }

    @Test
    void placesAreSearchedInTheirOrder() throws IOException {
        place("configured/lib64/libcublas.so.12");
        place("own/lib/libcublas.so.12");
        place("toolkit/targets/x86_64-linux/lib/libcublas.so.12");
        place("venv/lib/python3.12/site-packages/nvidia/cublas/lib/libcublas.so.12");
        place("home/.local/lib/python3.11/site-packages/nvidia/cu13/lib/libcublas.so.13");
        Path python = place("prefix/bin/python3");
        assertThat(python.toFile().setExecutable(true)).isTrue();
        place("prefix/lib/python3.13/site-packages/nvidia/cudnn/lib/libcudnn.so.9");

        Map<String, String> environment = Map.of(
                "KEISEI_CUDA_PATH", folder.resolve("own") + "",
                "CUDA_PATH", folder.resolve("toolkit") + "",
                "VIRTUAL_ENV", folder.resolve("venv") + "",
                "PATH", folder.resolve("prefix/bin") + "",
                "HOME", folder.resolve("home") + "");

        assertThat(places(List.of(folder.resolve("configured")), environment))
                .containsExactly(
                        "configured folder " + folder.resolve("configured"),
                        "KEISEI_CUDA_PATH=" + folder.resolve("own"),
                        "CUDA_PATH=" + folder.resolve("toolkit"),
                        "Python packages " + folder.resolve("venv/lib/python3.12/site-packages"),
                        "Python packages " + folder.resolve("prefix/lib/python3.13/site-packages"),
                        "Python packages " + folder.resolve("home/.local/lib/python3.11/site-packages"));
    }

    @Test
    void newerVersionsComeFirst() {
        assertThat(LibraryFolders.compareVersions("cuda-12.10", "cuda-12.9")).isPositive();
        assertThat(LibraryFolders.compareVersions("cuda-13.0", "cuda-12.10")).isPositive();
        assertThat(LibraryFolders.compareVersions("cuda-12", "cuda-12.6")).isNegative();
        assertThat(LibraryFolders.compareVersions("cuda-12.6", "cuda-12.6")).isZero();
    }

    private CudaLibraries find(Path... configured) {
        return CudaLibraries.find(List.of(configured), Map.of("PATH", "", "HOME", folder + ""));
    }

    private static void assumeNoLibrariesInSystemFolders() {
        CudaLibraries system = CudaLibraries.find(List.of(), Map.of("PATH", "", "HOME", "/"));
        Assumptions.assumeTrue(system.missing().size() == 3, "this machine has NVIDIA's libraries in system folders");
    }

    @Test
    void whatIsMissingIsSaidWithTheWayToGetIt() throws IOException {
        assumeNoLibrariesInSystemFolders();
        Path driver = folder.resolve("driver");
        Files.createDirectories(driver);
        Files.createSymbolicLink(
                driver.resolve("libcuda.so.1"), SoftwareCuda.folder().resolve("libcuda.so.1"));
        place("driver/libcublas.so.12");
        place("driver/libnvrtc.so.12");

        CudaLibraries libraries = find(driver);

        assertThat(libraries.missing())
                .containsExactly(
                        "cuDNN (libcudnn.so.9) was not found; get it with \"pip install nvidia-cudnn-cu12\" or "
                                + "as NVIDIA's package libcudnn9-cuda-12, or build with \"./mvnw -Pcuda package\", or name its "
                                + "folder in KEISEI_CUDA_PATH");
        assertThat(libraries.obstacle()).contains(libraries.missing().getFirst());
    }

    @Test
    void librariesNewerThanTheDriverAreNotTaken() throws IOException {
        assumeNoLibrariesInSystemFolders();
        Path driver = folder.resolve("driver");
        Files.createDirectories(driver);
        Files.createSymbolicLink(
                driver.resolve("libcuda.so.1"), SoftwareCuda.folder().resolve("libcuda.so.1"));
        place("driver/libcublas.so.13");
        place("driver/libcudnn.so.9");
        place("driver/libnvrtc.so.12");
        GpuProbe.Found found = (GpuProbe.Found) find(driver).gpus();
        Assumptions.assumeTrue(found.cudaMajor() == 12);

        assertThat(find(driver).missing()).singleElement().asString().startsWith("cuBLAS (libcublas.so.13 or");
    }

    @Test
    void theSoftwareDeviceIsReportedWithVersionsAndPlaces(@TempDir Path cache) {
        Path software = SoftwareCuda.folder();

        List<CudaLibraries.Report> report = SoftwareCuda.libraries().report(cache);

        assertThat(report).extracting(CudaLibraries.Report::name).containsExactly("cuBLAS", "cuDNN", "NVRTC");
        assertThat(report).allSatisfy(line -> {
            assertThat(line.isThere()).isTrue();
            assertThat(line.version()).matches("\\d+(\\.\\d+)+");
            assertThat(line.place()).startsWith(software.toString());
            assertThat(line.text()).isEqualTo(line.version() + ", " + line.place());
        });
    }

    @Test
    void aProcessKeepsTheLibrariesThatItLoaded(@TempDir Path cache) throws IOException {
        CudaDevice.open(SoftwareCuda.libraries(), CudaOptions.defaults().withCache(cache))
                .close();
        Path copy = folder.resolve("copy");
        Files.createDirectories(copy);
        for (String name : List.of("libcuda.so.1", "libcublas.so.12", "libcudnn.so.9", "libnvrtc.so.12")) {
            Files.createSymbolicLink(copy.resolve(name), SoftwareCuda.folder().resolve(name));
        }

        assertThatThrownBy(
                        () -> CudaDevice.open(find(copy), CudaOptions.defaults().withCache(cache)))
                .isInstanceOf(CudaException.class)
                .hasMessageStartingWith("this process uses " + SoftwareCuda.folder())
                .hasMessageContaining("and cannot change to " + copy);
    }

    @Test
    void theCacheFolderFollowsTheEnvironment() {
        assertThat(CudaCache.defaultFolder(Map.of("KEISEI_CACHE", "/a", "XDG_CACHE_HOME", "/b")))
                .isEqualTo(Path.of("/a"));
        assertThat(CudaCache.defaultFolder(Map.of("XDG_CACHE_HOME", "/b"))).isEqualTo(Path.of("/b/keisei"));
        assertThat(CudaCache.defaultFolder(Map.of())).endsWithRaw(Path.of("keisei"));
    }
}
