package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** 48 JVMs started together on an empty cache all load; JCuda's own extraction crashed one in six. */
@Tag("slow")
class StartTogetherTest {
    private static final int JVMS = 48;
    private static final long LIMIT_SECONDS = 300;

    /** Opens a device and fills 3 numbers. Arguments: the folder of the libraries, the cache. */
    static final class Opening {
        private Opening() {}

        /** The program. */
        public static void main(String[] arguments) {
            CudaLibraries libraries = CudaLibraries.find(List.of(Path.of(arguments[0])), Map.of());
            CudaOptions options = CudaOptions.defaults().withCache(Path.of(arguments[1]));
            try (Device device = CudaDevice.open(libraries, options);
                    DeviceBuffer buffer = device.allocate(DType.F32, 3, "numbers")) {
                device.elementwise().fill(buffer.all(), 7);
                float[] values = new float[3];
                device.read(buffer.all(), MemorySegment.ofArray(values));
                System.out.println(values[0] + values[1] + values[2]);
            }
        }
    }

    @Test
    void jvmsThatStartTogetherAllLoad(@TempDir Path folder) throws Exception {
        String libraries = SoftwareCuda.folder().toString();
        Path cache = folder.resolve("cache");
        List<Process> jvms = new ArrayList<>();
        List<Path> outputs = new ArrayList<>();
        for (int i = 0; i < JVMS; i++) {
            Path output = folder.resolve("output" + i);
            outputs.add(output);
            jvms.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "--enable-native-access=ALL-UNNAMED",
                            "-XX:TieredStopAtLevel=1",
                            "-Xmx128m",
                            "-XX:ErrorFile=" + folder.resolve("crash%p"),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Opening.class.getName(),
                            libraries,
                            cache.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start());
        }
        for (int i = 0; i < JVMS; i++) {
            boolean ended = jvms.get(i).waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
            if (!ended) {
                jvms.get(i).destroyForcibly();
            }
            assertThat(ended).as("JVM %d ends", i).isTrue();
            assertThat(jvms.get(i).exitValue())
                    .as("JVM %d: %s", i, Files.readString(outputs.get(i)))
                    .isZero();
            assertThat(outputs.get(i)).as("JVM %d", i).content().contains("21.0");
        }
    }
}
