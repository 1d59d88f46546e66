package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import keisei.device.cuda.CudaLibraries;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code keisei train --device cuda} where that cannot work: one clear message, exit code 1, no stack trace. */
class CudaFailuresTest {
    private static final long LIMIT_SECONDS = 120;

    @TempDir
    private Path folder;

    private Path driver;

    @BeforeEach
    void configure() throws IOException {
        Files.writeString(folder.resolve("tiny.yaml"), ChildTraining.TINY);
        driver = Files.createDirectories(folder.resolve("driver"));
    }

    private static Path software() {
        Path software = Path.of(System.getProperty("keisei.softcuda.dir", "target/softcuda"))
                .toAbsolutePath();
        Assumptions.assumeTrue(Files.exists(software.resolve("libcuda.so.1")), "needs the software CUDA device");
        return software;
    }

    private String failure(Map<String, String> environment, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of(
                "--config",
                folder.resolve("tiny.yaml").toString(),
                "--savedir",
                folder.resolve("models").toString(),
                "--total-timesteps",
                "65536"));
        all.addAll(List.of(arguments));
        Map<String, String> variables = new HashMap<>(environment);
        variables.putIfAbsent("KEISEI_CUDA_PATH", driver.toString());
        variables.put("KEISEI_CACHE", folder.resolve("cache").toString());
        try (ChildTraining child = new ChildTraining(folder, variables, all)) {
            int code = child.exitCode(LIMIT_SECONDS);
            assertThat(code).as(child.output()).isEqualTo(1);
            List<String> messages = child.output()
                    .lines()
                    .filter(line -> line.startsWith("keisei: "))
                    .toList();
            assertThat(messages).as(child.output()).hasSize(1);
            assertThat(child.output()).doesNotContain("\tat ");
            return messages.getFirst();
        }
    }

    @Test
    void noDriver() throws Exception {
        // Not asked of the driver: in this process that may be the software one by now.
        boolean hasDriver =
                Stream.of("/dev/nvidiactl", "/dev/dxg").map(Path::of).anyMatch(Files::exists);
        Assumptions.assumeFalse(hasDriver, "this machine has an NVIDIA driver");

        assertThat(failure(Map.of(), "--device", "cuda"))
                .startsWith(
                        "keisei: env.device is cuda, which cannot be used: libcuda.so.1 (the NVIDIA driver's library) "
                                + "cannot be loaded: install NVIDIA's driver, or name the folder of libcuda.so.1 in "
                                + "KEISEI_CUDA_PATH")
                .endsWith("; use auto or cpu");
    }

    @Test
    void aDriverWithoutCudnn() throws Exception {
        boolean elsewhere = CudaLibraries.find(List.of(), System.getenv()).missing().stream()
                .noneMatch(text -> text.startsWith("cuDNN"));
        Assumptions.assumeFalse(elsewhere, "this machine has cuDNN");
        for (String library : List.of("libcuda.so.1", "libcublas.so.12", "libnvrtc.so.12")) {
            Files.createSymbolicLink(driver.resolve(library), software().resolve(library));
        }

        assertThat(failure(Map.of(), "--device", "cuda"))
                .isEqualTo(
                        "keisei: env.device is cuda, which cannot be used: cuDNN (libcudnn.so.9) was not found; get it "
                                + "with \"pip install nvidia-cudnn-cu12\" or as NVIDIA's package libcudnn9-cuda-12, or build with "
                                + "\"./mvnw -Pcuda package\", or name its folder in KEISEI_CUDA_PATH; use auto or cpu");
    }

    @Test
    void aGpuThatIsNotThere() throws Exception {
        assertThat(failure(Map.of("KEISEI_CUDA_PATH", software() + "", "SWCUDA_DEVICES", "2"), "--device", "cuda:2"))
                .isEqualTo("keisei: env.device is cuda:2, which cannot be used: cuda:2 is not there: the driver shows "
                        + "2 GPUs, cuda:0 to cuda:1; use auto or cpu");
    }

    @Test
    void aBatchThatDoesNotFit() throws Exception {
        assertThat(failure(
                        Map.of("KEISEI_CUDA_PATH", software() + "", "SWCUDA_MEMORY_MB", "16"),
                        "--device",
                        "cuda",
                        "--override",
                        "training.steps_per_epoch=65536",
                        "--override",
                        "training.minibatch_size=65536"))
                .contains("no memory on cuda:0 for '", "MiB asked for", "MiB of 16.0 MiB free; held here: ", "lower ");
    }
}
