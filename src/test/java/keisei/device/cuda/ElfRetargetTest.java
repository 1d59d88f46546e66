package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ElfRetargetTest {
    private static final byte[] CUBLAS = JCudaNatives.content("JCublas2");

    @Test
    void theHashIsTheOneOfTheElfSpecification() {
        assertThat(ElfRetarget.hash("libcublas.so.12")).isEqualTo(0x0ef62132);
        assertThat(ElfRetarget.hash("GLIBC_2.2.5")).isEqualTo(0x09691a75);
    }

    @Test
    void theCublasBindingNeedsTheOtherVersion() {
        byte[] retargeted = ElfRetarget.retarget(CUBLAS, "libcublas.so.12", "libcublas.so.13");

        assertThat(occurrences(CUBLAS, "libcublas.so.12")).isPositive();
        assertThat(occurrences(retargeted, "libcublas.so.12")).isZero();
        assertThat(occurrences(retargeted, "libcublas.so.13")).isEqualTo(occurrences(CUBLAS, "libcublas.so.12"));
        assertThat(retargeted).hasSameSizeAs(CUBLAS);
    }

    @Test
    void thereAndBackIsTheSameFile() {
        byte[] there = ElfRetarget.retarget(CUBLAS, "libcublas.so.12", "libcublas.so.13");

        assertThat(ElfRetarget.retarget(there, "libcublas.so.13", "libcublas.so.12"))
                .isEqualTo(CUBLAS);
    }

    @Test
    void whatItDoesNotNeedCannotBeRetargeted() {
        assertThatThrownBy(() -> ElfRetarget.retarget(CUBLAS, "libcudnn.so.9", "libcudnn.so.8"))
                .hasMessage("the shared object does not need libcudnn.so.9");
        assertThatThrownBy(() -> ElfRetarget.retarget(CUBLAS, "libcublas.so.12", "libcublas.so.9"))
                .hasMessage("libcublas.so.12 and libcublas.so.9 differ in length");
        assertThatThrownBy(() -> ElfRetarget.retarget(new byte[100], "a", "b"))
                .hasMessage("not a 64-bit little-endian shared object");
    }

    /** The system's loader takes the library of the other version, with its version node. */
    @Test
    void theLoaderFollows(@TempDir Path folder) throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/cc")), "needs a C compiler");
        for (int version : new int[] {12, 13}) {
            library(folder, version);
        }
        Files.writeString(folder.resolve("user.c"), "int answer(void); int ask(void) { return answer(); }");
        run(folder, "cc", "-shared", "-fPIC", "-o", "user12.so", "user.c", "-L.", "-l:libanswer.so.12");
        Path user = folder.resolve("user13.so");
        byte[] built = Files.readAllBytes(folder.resolve("user12.so"));
        Files.write(user, ElfRetarget.retarget(built, "libanswer.so.12", "libanswer.so.13"));

        NativeLibraries.canLoad(folder.resolve("libanswer.so.13").toString());

        assertThat(new NativeCalls("user", NativeLibraries.lookup(user.toString())).call("ask"))
                .isEqualTo(13);
    }

    private static void library(Path folder, int version) throws Exception {
        String name = "libanswer.so." + version;
        Files.writeString(folder.resolve("answer.c"), "int answer(void) { return %d; }".formatted(version));
        Files.writeString(folder.resolve("answer.map"), "%s { global: answer; local: *; };".formatted(name));
        run(
                folder,
                "cc",
                "-shared",
                "-fPIC",
                "-Wl,-soname," + name,
                "-Wl,--version-script=answer.map",
                "-o",
                name,
                "answer.c");
    }

    private static void run(Path folder, String... command) throws Exception {
        int code = new ProcessBuilder(command)
                .directory(folder.toFile())
                .inheritIO()
                .start()
                .waitFor();
        assertThat(code).as(String.join(" ", command)).isZero();
    }

    /** As a whole string; names of symbols that end in it are for debuggers. */
    private static int occurrences(byte[] content, String text) {
        String all = new String(content, StandardCharsets.ISO_8859_1);
        int count = 0;
        for (int at = all.indexOf("\0" + text + "\0"); at >= 0; at = all.indexOf("\0" + text + "\0", at + 1)) {
            count++;
        }
        return count;
    }
}
