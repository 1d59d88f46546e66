package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real launcher and the real program in a copy of the project whose build only puts the jar in its place. */
class LauncherTest {
    private static final String BUILDING = "keisei: building (first use, or sources have changed)\n";

    @TempDir
    private Path root;

    private record Run(int code, String out, String err) {}

    @BeforeEach
    void copyTheProject() throws IOException {
        Assumptions.assumeTrue(File.separatorChar == '/', "needs a POSIX shell");
        copy("keisei");
        Files.createDirectories(root.resolve(".mvn"));
        copy(".mvn/find-jdk.sh");
        Files.createDirectories(root.resolve("src/main/java"));
        Files.createDirectories(root.resolve("config"));
        Files.writeString(root.resolve("src/main/java/Source.java"), "");
        Files.writeString(root.resolve("pom.xml"), "");
        jarOfTheClasses(root.resolve("built.jar"));
        Path libraries = Files.createDirectories(root.resolve("libraries"));
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
            if (entry.matches(".*/(jackson|snakeyaml|picocli|slf4j|logback)[^/]*\\.jar")) {
                Files.copy(Path.of(entry), libraries.resolve(Path.of(entry).getFileName()));
            }
        }
        Path build = root.resolve("mvnw");
        Files.writeString(build, """
                #!/bin/sh
                echo "$@" >>builds
                [ ! -f broken ] || exit 1
                mkdir -p target && cp built.jar target/keisei-0.jar
                [ -d target/lib ] || cp -R libraries target/lib
                echo 'text of the build'
                """);
        assertThat(build.toFile().setExecutable(true)).isTrue();
    }

    private void copy(String file) throws IOException {
        Files.copy(Path.of(file), root.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }

    private static void jarOfTheClasses(Path jar) throws IOException {
        Path classes = Path.of("target/classes");
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file);
                Stream<Path> files = Files.walk(classes)) {
            for (Path path : files.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new ZipEntry(classes.relativize(path).toString()));
                Files.copy(path, out);
                out.closeEntry();
            }
        }
    }

    private Run keisei(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(root.resolve("keisei").toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(Files.createDirectories(root.resolve("elsewhere")).toFile())
                .redirectOutput(root.resolve("out").toFile())
                .redirectError(root.resolve("err").toFile());
        builder.environment().put("KEISEI_JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        return new Run(
                process.exitValue(), Files.readString(root.resolve("out")), Files.readString(root.resolve("err")));
    }

    private int builds() throws IOException {
        Path log = root.resolve("builds");
        return Files.exists(log) ? Files.readAllLines(log).size() : 0;
    }

    @Test
    void buildsOnFirstUseAndWhenSourcesAreNewerAndPassesArgumentsOn() throws Exception {
        Run first = keisei(Map.of(), "--version");
        assertThat(first.code()).isZero();
        assertThat(first.out()).startsWith("keisei ").doesNotContain("text of the build");
        assertThat(first.err()).isEqualTo(BUILDING + "text of the build\n");

        Run second = keisei(Map.of(), "perft", "--depth", "2", "--threads", "1");
        assertThat(second.out()).startsWith("perft(2) = 900,");
        assertThat(second.err()).as("no warning, nothing else").isEmpty();
        assertThat(builds()).isEqualTo(1);

        Files.setLastModifiedTime(
                root.resolve("src/main/java/Source.java"),
                FileTime.from(Instant.now().plusSeconds(1)));
        assertThat(keisei(Map.of(), "--version").err()).startsWith(BUILDING);
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void exitCodesAndStandardErrorComeThrough() throws Exception {
        keisei(Map.of(), "--version");

        Run usage = keisei(Map.of(), "trian");
        assertThat(usage.code()).isEqualTo(2);
        assertThat(usage.err()).startsWith("keisei: Unmatched argument at index 0: 'trian'\n");

        Run mistake = keisei(Map.of(), "train", "--seed", "abc", "--override", "training.gamma=a b");
        assertThat(mistake.code()).isEqualTo(1);
        assertThat(mistake.err())
                .isEqualTo("keisei: the configuration has 2 mistakes:\n"
                        + "  --override training.gamma=a b: training.gamma: is 'a b', must be a number in (0, 1]\n"
                        + "  --seed abc: env.seed: is 'abc', must be a whole number\n");
    }

    @Test
    void whatTheVirtualMachineItselfSaysIsNotHidden() throws Exception {
        keisei(Map.of(), "--version");

        Run run = keisei(Map.of("KEISEI_JAVA_OPTIONS", "-XX:NoSuchOption"), "--version");

        assertThat(run.code()).isEqualTo(1);
        // The filter may write its last lines just after the JVM has ended.
        for (int i = 0; i < 100 && !Files.readString(root.resolve("err")).contains("NoSuchOption"); i++) {
            Thread.sleep(50);
        }
        assertThat(Files.readString(root.resolve("err"))).contains("NoSuchOption");
    }

    @Test
    void aFailedBuildIsTold() throws Exception {
        Files.writeString(root.resolve("broken"), "");

        assertThat(keisei(Map.of(), "--version")).isEqualTo(new Run(1, "", BUILDING + "keisei: the build failed\n"));
    }

    @Test
    void worksThroughALinkAndWithoutTheVectorModuleTheDoctorSaysWhatToPass() throws Exception {
        keisei(Map.of(), "--version");
        Path link = Files.createSymbolicLink(root.resolve("elsewhere/k"), Path.of("../keisei"));
        Process linked = new ProcessBuilder(link.toString(), "--version")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(linked.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .startsWith("keisei ");

        Process bare = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        root + "/target/keisei-0.jar:" + root + "/target/lib/*",
                        "keisei.cli.Main",
                        "doctor")
                .redirectErrorStream(true)
                .start();
        assertThat(new String(bare.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .contains("the module jdk.incubator.vector is missing: start with ./keisei, or pass"
                        + " --add-modules jdk.incubator.vector to java");
        assertThat(bare.waitFor()).isEqualTo(1);
    }
}
