package keisei.device.cuda;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Where NVIDIA's libraries may lie on this machine, best first. */
final class LibraryFolders {
    private final Map<String, String> environment;
    private final List<Place> places = new ArrayList<>();

    /**
     * Folders that belong together: libraries of one place fit each other.
     *
     * @param origin what the user calls it
     */
    record Place(String origin, List<Path> folders) {}

    private LibraryFolders(Map<String, String> environment) {
        this.environment = environment;
    }

    /** All places that exist, in the order of search. */
    static List<Place> of(List<Path> configured, Map<String, String> environment) {
        LibraryFolders search = new LibraryFolders(environment);
        configured.forEach(folder -> search.installation("configured folder " + folder, folder));
        for (String variable : List.of("KEISEI_CUDA_PATH", "CUDA_PATH", "CUDA_HOME")) {
            search.listed(variable);
        }
        search.system();
        search.python();
        return List.copyOf(search.places);
    }

    private void listed(String variable) {
        for (String entry : environment.getOrDefault(variable, "").split(File.pathSeparator)) {
            if (!entry.isBlank()) {
                installation(variable + "=" + entry, Path.of(entry));
            }
        }
    }

    private void system() {
        // ldconfig's order is unknown without running it, so these stand for it.
        for (String folder : List.of("/usr/local/cuda")) {
            installation(folder, Path.of(folder));
        }
        List<Path> versions = children(Path.of("/usr/local"), "cuda-*");
        versions.sort((a, b) ->
                compareVersions(b.getFileName().toString(), a.getFileName().toString()));
        versions.forEach(folder -> installation(folder.toString(), folder));
        for (String folder : environment.getOrDefault("LD_LIBRARY_PATH", "").split(File.pathSeparator)) {
            if (!folder.isBlank()) {
                add("LD_LIBRARY_PATH", List.of(Path.of(folder)));
            }
        }
        add(
                "system folders",
                List.of(Path.of("/usr/lib/x86_64-linux-gnu"), Path.of("/usr/lib64"), Path.of("/usr/lib")));
    }

    /** Orders {@code cuda-12.10} behind {@code cuda-12.9}. */
    static int compareVersions(String a, String b) {
        String[] left = a.replaceAll("[^0-9.]", "").split("\\.");
        String[] right = b.replaceAll("[^0-9.]", "").split("\\.");
        for (int i = 0; i < Math.min(left.length, right.length); i++) {
            int order = left[i].length() != right[i].length()
                    ? Integer.compare(left[i].length(), right[i].length())
                    : left[i].compareTo(right[i]);
            if (order != 0) {
                return order;
            }
        }
        return Integer.compare(left.length, right.length);
    }

    /** Wheels of pip: {@code nvidia/cublas/lib} for CUDA 12, {@code nvidia/cu13/lib} for CUDA 13. */
    private void python() {
        List<Path> prefixes = new ArrayList<>();
        for (String variable : List.of("VIRTUAL_ENV", "CONDA_PREFIX")) {
            String prefix = environment.getOrDefault(variable, "");
            if (!prefix.isBlank()) {
                prefixes.add(Path.of(prefix));
            }
        }
        for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            Path python = Path.of(folder.isBlank() ? "." : folder, "python3");
            if (Files.isExecutable(python)) {
                addPrefix(prefixes, python.toAbsolutePath());
                try {
                    addPrefix(prefixes, python.toRealPath());
                } catch (IOException e) {
                    // A link that leads nowhere has no packages either.
                    continue;
                }
            }
        }
        Path home = Path.of(environment.getOrDefault("HOME", "/"));
        prefixes.add(home.resolve(".local"));
        for (String name : List.of("miniconda3", "anaconda3", "miniforge3", "mambaforge", ".venv", "venv")) {
            prefixes.add(home.resolve(name));
        }
        for (String name : List.of("/usr/local", "/usr", "/opt/conda", "/opt/venv", "/opt/miniconda3")) {
            prefixes.add(Path.of(name));
        }
        prefixes.stream().map(Path::normalize).distinct().forEach(this::packages);
    }

    private static void addPrefix(List<Path> prefixes, Path python) {
        Path folder = python.getParent();
        if (folder != null && folder.getParent() != null) {
            prefixes.add(folder.getParent());
        }
    }

    private void packages(Path prefix) {
        for (String library : List.of("lib", "lib64")) {
            for (Path python : children(prefix.resolve(library), "python3*")) {
                for (String packages : List.of("site-packages", "dist-packages")) {
                    wheels(python.resolve(packages));
                }
            }
        }
        if (Files.isDirectory(prefix.resolve("conda-meta"))) {
            add("conda environment " + prefix, List.of(prefix.resolve("lib")));
        }
    }

    private void wheels(Path packages) {
        List<Path> folders = new ArrayList<>();
        children(packages.resolve("nvidia"), "*").forEach(part -> folders.add(part.resolve("lib")));
        add("Python packages " + packages, folders);
    }

    /** A folder as a user may name one: of libraries, of an installation, or of Python packages. */
    private void installation(String origin, Path folder) {
        List<Path> folders = new ArrayList<>(List.of(
                folder,
                folder.resolve("lib64"),
                folder.resolve("lib"),
                folder.resolve("targets").resolve("x86_64-linux").resolve("lib"),
                folder.resolve("lib").resolve("x86_64-linux-gnu")));
        children(folder, "*").forEach(part -> folders.add(part.resolve("lib")));
        children(folder.resolve("nvidia"), "*").forEach(part -> folders.add(part.resolve("lib")));
        add(origin, folders);
    }

    private void add(String origin, List<Path> folders) {
        List<Path> existing =
                folders.stream().filter(Files::isDirectory).distinct().toList();
        if (!existing.isEmpty()) {
            places.add(new Place(origin, existing));
        }
    }

    private static List<Path> children(Path folder, String pattern) {
        List<Path> children = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, pattern)) {
                entries.forEach(children::add);
            } catch (IOException | java.nio.file.DirectoryIteratorException e) {
                // A folder that may not be read holds nothing for this user.
                return new ArrayList<>();
            }
        }
        children.sort(null);
        return children;
    }
}
