package keisei.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * NVIDIA's libraries inside a jar on the class path (Maven profile {@code cuda}). They are extracted once, to a
 * folder of the cache named by the jar.
 */
final class JarLibraries {
    private static final String FOLDER = "org/bytedeco/cuda/linux-x86_64/";
    /** What is needed of the jar's 2 GB. */
    private static final List<String> WANTED = List.of("libcublas", "libcudnn", "libnvrtc");

    private static final String WHOLE = "complete";

    private final Path jar;

    private JarLibraries(Path jar) {
        this.jar = jar;
    }

    /** The jar that holds a library. */
    static Optional<JarLibraries> find(LibraryKind kind) {
        for (int version : kind.versions()) {
            URL resource = JarLibraries.class.getClassLoader().getResource(FOLDER + kind.fileName(version));
            if (resource != null && resource.getProtocol().equals("jar")) {
                return Optional.of(new JarLibraries(fileOf(resource)));
            }
        }
        return Optional.empty();
    }

    private static Path fileOf(URL resource) {
        try {
            JarURLConnection connection = (JarURLConnection) resource.openConnection();
            return Path.of(connection.getJarFileURL().toURI());
        } catch (IOException | URISyntaxException e) {
            throw new CudaException("%s cannot be opened: %s".formatted(resource, e), e);
        }
    }

    /** For reports. */
    String description() {
        return "in " + jar;
    }

    /** Major version of a library in it. */
    int version(LibraryKind kind) {
        return kind.versions().stream()
                .filter(version ->
                        JarLibraries.class.getClassLoader().getResource(FOLDER + kind.fileName(version)) != null)
                .findFirst()
                .orElseThrow(() -> new CudaException("%s is not in %s".formatted(kind.title(), jar)));
    }

    private Path folder(Path cache) {
        return cache.resolve("libraries").resolve(jar.getFileName().toString().replaceFirst("\\.jar$", ""));
    }

    /** Whether its files are in the cache. */
    boolean isExtracted(Path cache) {
        return Files.exists(folder(cache).resolve(WHOLE));
    }

    /** A library's file; extracts all of them first where that was not done, or where one has the wrong size. */
    Path extracted(LibraryKind kind, Path cache) {
        Path folder = folder(cache);
        try (JarFile content = new JarFile(jar.toFile())) {
            Files.createDirectories(folder);
            List<JarEntry> wanted = content.stream()
                    .filter(entry ->
                            WANTED.stream().anyMatch(name -> entry.getName().startsWith(FOLDER + name)))
                    .toList();
            for (JarEntry entry : wanted) {
                Path file = folder.resolve(entry.getName().substring(FOLDER.length()));
                if (!Files.exists(file) || Files.size(file) != entry.getSize()) {
                    extract(content, entry, file);
                }
            }
            Files.writeString(folder.resolve(WHOLE), "");
        } catch (IOException e) {
            throw new CudaException(
                    "%s cannot be extracted to %s: %s; KEISEI_CACHE names another folder".formatted(jar, folder, e), e);
        }
        return folder.resolve(kind.fileName(version(kind)));
    }

    private static void extract(JarFile content, JarEntry entry, Path file) throws IOException {
        Path temporary = Files.createTempFile(file.getParent(), "new", ".tmp");
        try (InputStream stream = content.getInputStream(entry)) {
            Files.copy(stream, temporary, StandardCopyOption.REPLACE_EXISTING);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
