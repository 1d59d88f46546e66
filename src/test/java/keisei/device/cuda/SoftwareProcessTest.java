package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the software device takes from the environment, and what it tells when contexts and processes end. */
class SoftwareProcessTest {
    private static final long LIMIT_SECONDS = 60;

    @TempDir
    Path folder;

    /** What a child process does; the arguments say what. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) {
            NativeFunctions driver = NativeFunctions.of(Path.of(arguments[0], "libcuda.so.1"));
            int status = driver.call("cuInit", 0);
            System.out.println("init " + status);
            if (status != 0) {
                return;
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment holder = arena.allocate(ValueLayout.JAVA_LONG);
                driver.call("cuDeviceGetCount", holder);
                int devices = holder.get(ValueLayout.JAVA_INT, 0);
                System.out.println("devices " + devices);
                long[] addresses = new long[devices];
                for (int device = 0; device < devices; device++) {
                    driver.call("cuDevicePrimaryCtxRetain", holder, device);
                    driver.call("cuCtxSetCurrent", holder.get(ValueLayout.ADDRESS, 0));
                    driver.run("keiseiSoftcudaLabel", arena.allocateFrom("weights of device " + device));
                    System.out.println("allocate " + driver.call("cuMemAlloc_v2", holder, 3L << 20));
                    addresses[device] = holder.get(ValueLayout.JAVA_LONG, 0);
                    System.out.println("allocate more " + driver.call("cuMemAlloc_v2", holder, 8L << 20));
                }
                if (devices > 1) {
                    System.out.println("other device " + driver.call("cuMemsetD8_v2", addresses[0], 0, 1L));
                }
                if (arguments[1].equals("release")) {
                    for (int device = 0; device < devices; device++) {
                        driver.call("cuDevicePrimaryCtxRelease_v2", device);
                    }
                    MemorySegment text = arena.allocate(10_000);
                    System.out.println("leaks " + driver.call("keiseiSoftcudaLeaks", text, 10_000L));
                    System.out.println(text.getString(0, StandardCharsets.UTF_8));
                }
            }
        }
    }

    private String run(Map<String, String> environment, String end) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName(),
                SoftwareCuda.folder().toString(),
                end);
        builder.environment().putAll(environment);
        Path output = folder.resolve("output");
        Process process = builder.redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        String text = Files.readString(output);
        assertThat(process.exitValue()).as(text).isZero();
        return text;
    }

    @Test
    void noDevice() throws Exception {
        assertThat(run(Map.of("SWCUDA_DEVICES", "0"), "end")).contains("init 100");
    }

    @Test
    void devicesAndMemoryLimit() throws Exception {
        String text = run(Map.of("SWCUDA_DEVICES", "2", "SWCUDA_MEMORY_MB", "10"), "release");
        assertThat(text)
                .contains(
                        "devices 2", "allocate 0", "allocate more 2", "other device 1", "belong to device 0, not to 1");
    }

    @Test
    void leaksWhenAContextEnds() throws Exception {
        String text = run(Map.of(), "release");
        assertThat(text)
                .contains(
                        "leaked when the context of device 0 ended:",
                        "leaks 2",
                        "of 3145728 bytes",
                        "weights of device 0");
    }

    @Test
    void leaksWhenTheProcessEnds() throws Exception {
        assertThat(run(Map.of(), "end")).contains("when the process ended there were still", "of 8388608 bytes");
    }

    @Test
    void chosenAllocationFails() throws Exception {
        assertThat(run(Map.of("SWCUDA_FAIL_ALLOCATION", "1"), "end")).contains("allocate 2", "allocate more 0");
    }

    @Test
    void traceOfCalls() throws Exception {
        Path trace = folder.resolve("trace");
        run(Map.of("SWCUDA_TRACE", trace.toString()), "release");
        List<String> lines = Files.readAllLines(trace);
        assertThat(lines).contains("cuInit 1", "cuMemAlloc_v2 2", "cuDevicePrimaryCtxRelease_v2 1");
        assertThat(lines).noneMatch(line -> line.startsWith("cuMemFree"));
    }
}
