package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoctorCommandTest {
    @Test
    void saysWhatItFinds() {
        StringWriter out = new StringWriter();

        int code = Main.commandLine((config, request) -> 0)
                .setOut(new PrintWriter(out))
                .execute("doctor");

        assertThat(code).isZero();
        assertThat(out.toString())
                .contains("JDK        " + Runtime.version())
                .contains(Runtime.getRuntime().availableProcessors() + " cores usable")
                .containsPattern("Vectors +\\d+ bits")
                .contains("picocli 4.", "jackson-databind 3.")
                .containsPattern("GPU +\\S");
    }

    @Test
    void librariesAreReadFromTheClassPath() {
        String path = String.join(File.pathSeparator, "/a/keisei-0.1.jar", "/b/picocli-4.7.7.jar", "/c/classes");

        assertThat(DoctorCommand.libraries(path)).containsExactly("picocli 4.7.7");
    }

    @Test
    void aMissingDriverIsAReasonAndNoFailure() {
        assertThat(GpuProbe.probe("libkeisei-none.so.1"))
                .isInstanceOfSatisfying(
                        GpuProbe.Unusable.class,
                        unusable -> assertThat(unusable.reason())
                                .startsWith("libkeisei-none.so.1 (the NVIDIA driver's library) cannot be loaded"));
    }

    @Test
    void aLibraryThatIsNoDriverIsAReason() {
        Assumptions.assumeTrue(System.getProperty("os.name").equals("Linux"));

        assertThat(GpuProbe.probe("libc.so.6")).isEqualTo(new GpuProbe.Unusable("the driver library has no cuInit"));
    }

    @Test
    void driversAreAskedAsTheCudaDriverApiSays(@TempDir Path folder) throws Exception {
        String working = "*c = 2; return 0;";
        assertThat(GpuProbe.probe(driver(folder, "two", "return flags;", working)))
                .isEqualTo(new GpuProbe.Found(
                        "13.1",
                        List.of(new GpuProbe.Gpu("Card 0", 1L << 33), new GpuProbe.Gpu("Card 1", (1L << 33) + 1))));
        assertThat(GpuProbe.probe(driver(folder, "none", "return 100;", working)))
                .isEqualTo(new GpuProbe.Unusable("cuInit failed with CUresult 100 (no CUDA device)"));
        assertThat(GpuProbe.probe(driver(folder, "empty", "return 0;", "*c = 0; return 0;")))
                .isEqualTo(new GpuProbe.Unusable("the driver reports no device"));
    }

    /** A library with the driver's functions, made with the machine's C compiler, where there is one. */
    private static String driver(Path folder, String name, String init, String count) throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/cc")), "needs a C compiler");
        Path source = folder.resolve(name + ".c");
        Files.writeString(source, """
                #include <stdio.h>
                int cuInit(unsigned flags) { %s }
                int cuDriverGetVersion(int *v) { *v = 13010; return 0; }
                int cuDeviceGetCount(int *c) { %s }
                int cuDeviceGet(int *d, int ordinal) { *d = 40 + ordinal; return 0; }
                int cuDeviceGetName(char *s, int n, int d) { snprintf(s, n, "Card %%d", d - 40); return 0; }
                int cuDeviceTotalMem_v2(size_t *b, int d) { *b = (1ULL << 33) + (d - 40); return 0; }
                """.formatted(init, count));
        Path library = folder.resolve(name + ".so");
        Process compiler = new ProcessBuilder("/usr/bin/cc", "-shared", "-fPIC", "-o", library + "", source + "")
                .inheritIO()
                .start();
        assertThat(compiler.waitFor(60, TimeUnit.SECONDS) ? compiler.exitValue() : -1)
                .isZero();
        return library.toString();
    }
}
