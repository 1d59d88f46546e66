package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import keisei.device.cuda.SoftwareCuda;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code keisei train --device cuda} on the software CUDA device, as a user starts it. */
class CudaTrainingTest {
    private static final long LIMIT_SECONDS = 240;
    private static final int STEPS_PER_UPDATE = 32;

    @TempDir
    private Path folder;

    private Path software = Path.of("");

    @BeforeEach
    void configure() throws IOException {
        software = SoftwareCuda.folder();
        Files.writeString(
                folder.resolve("tiny.yaml"),
                ChildTraining.TINY.replace(
                        "model_type: dummy", "model_type: resnet\n  tower_depth: 1\n  tower_width: 8"));
    }

    private String train(String run, String trace, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of(
                "--config",
                folder.resolve("tiny.yaml").toString(),
                "--savedir",
                folder.resolve("models").toString(),
                "--device",
                "cuda",
                "--run-name",
                run));
        all.addAll(List.of(arguments));
        Map<String, String> variables = Map.of(
                "KEISEI_CUDA_PATH",
                software.toString(),
                "KEISEI_CACHE",
                folder.resolve("cache").toString(),
                "SWCUDA_TRACE",
                folder.resolve(trace).toString());
        try (ChildTraining child = new ChildTraining(folder, variables, all)) {
            assertThat(child.exitCode(LIMIT_SECONDS)).as(child.output()).isZero();
            return child.output();
        }
    }

    private JsonNode schedule(int timestep) throws IOException {
        Path manifest = folder.resolve("models/run/checkpoint_ts" + timestep).resolve("manifest.json");
        return JsonMapper.builder()
                .build()
                .readTree(Files.readAllBytes(manifest))
                .path("schedule");
    }

    @Test
    void theLossScaleAndItsGoodStepsSurviveACheckpoint() throws Exception {
        String first = train("run", "first", "--mixed-precision", "--total-timesteps", "" + 3 * STEPS_PER_UPDATE);
        assertThat(first).contains("cuda:0").doesNotContain("float32 only");
        assertThat(schedule(3 * STEPS_PER_UPDATE).path("loss_scale").asDouble()).isEqualTo(65536);
        assertThat(schedule(3 * STEPS_PER_UPDATE).path("loss_scale_good_steps").asInt())
                .isEqualTo(3);

        train(
                "run",
                "second",
                "--mixed-precision",
                "--total-timesteps",
                "" + 5 * STEPS_PER_UPDATE,
                "--resume",
                "latest");
        assertThat(schedule(5 * STEPS_PER_UPDATE).path("loss_scale_good_steps").asInt())
                .isEqualTo(5);
    }

    /** The software device has no other way to compute, but the host could: its copies would be larger. */
    @Test
    void convolutionsAndProductsAreTheLibraries() throws Exception {
        train("graphs", "graphs", "--total-timesteps", "" + 4 * STEPS_PER_UPDATE);
        String replayed = Files.readString(folder.resolve("graphs"));
        assertThat(replayed).contains("cuGraphLaunch", "cublasGemm", "cuLaunchKernel");
        assertThat(replayed).containsPattern("cudnnConvolutionForward|cudnnBackendExecute");
        assertThat(replayed).contains("cudnnConvolutionBackwardFilter", "cudnnConvolutionBackwardData");

        train("launches", "launches", "--no-cuda-graphs", "--total-timesteps", "" + STEPS_PER_UPDATE);
        assertThat(Files.readString(folder.resolve("launches"))).doesNotContain("cuGraphLaunch");
    }
}
