package keisei.device.cuda;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the CUDA driver and NVIDIA's libraries are on this machine. Finding loads nothing but the driver. Search
 * order: configured folders, {@code KEISEI_CUDA_PATH}, {@code CUDA_PATH}, the usual system folders, Python packages,
 * jars on the class path. Libraries are loaded by absolute path, so {@code LD_LIBRARY_PATH} is not needed.
 */
public final class CudaLibraries {
    /** Folders that hold the driver where the system's loader does not know it (containers, WSL, NixOS). */
    private static final List<String> DRIVER_FOLDERS = List.of(
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib64",
            "/usr/local/nvidia/lib64",
            "/usr/lib/wsl/lib",
            "/run/opengl-driver/lib");

    private final String driver;
    private final GpuProbe.Result gpus;
    private final Map<LibraryKind, Found> found;
    private final Map<String, String> environment;

    /** A library's file, or the jar that holds it. */
    private record Found(
            String origin, @Nullable Path file, @Nullable JarLibraries jar, int version) {}

    /**
     * One library, for reports.
     *
     * @param name such as cuBLAS
     * @param version as the library says; empty when it was not found
     * @param place path, or what is missing and how to get it
     * @param isThere whether it was found
     */
    public record Report(String name, String version, String place, boolean isThere) {
        /** Version and place in one line. */
        public String text() {
            return version.isEmpty() ? place : version + ", " + place;
        }
    }

    private CudaLibraries(
            String driver, GpuProbe.Result gpus, Map<LibraryKind, Found> found, Map<String, String> environment) {
        this.driver = driver;
        this.gpus = gpus;
        this.found = found;
        this.environment = environment;
    }

    /**
     * Looks for the driver, asks it for GPUs, and looks for libraries that fit it.
     *
     * @param configured folders that are searched first: of libraries, of a CUDA installation or of Python packages
     * @param environment variables of the process
     */
    public static CudaLibraries find(List<Path> configured, Map<String, String> environment) {
        List<LibraryFolders.Place> places = LibraryFolders.of(configured, environment);
        String driver = driver(places);
        GpuProbe.Result gpus = GpuProbe.probe(driver);
        int cuda = gpus instanceof GpuProbe.Found usable ? usable.cudaMajor() : Integer.MAX_VALUE;
        return new CudaLibraries(driver, gpus, libraries(places, cuda), Map.copyOf(environment));
    }

    /** In folders that the user named, else by the system's loader, else in folders that it may not know. */
    private static String driver(List<LibraryFolders.Place> places) {
        for (LibraryFolders.Place place : places) {
            if (!place.origin().startsWith("configured") && !place.origin().contains("CUDA_PATH=")) {
                continue;
            }
            for (Path folder : place.folders()) {
                if (Files.exists(folder.resolve(GpuProbe.DRIVER_LIBRARY))) {
                    return folder.resolve(GpuProbe.DRIVER_LIBRARY)
                            .toAbsolutePath()
                            .toString();
                }
            }
        }
        if (NativeLibraries.canLoad(GpuProbe.DRIVER_LIBRARY)) {
            return GpuProbe.DRIVER_LIBRARY;
        }
        return DRIVER_FOLDERS.stream()
                .map(folder -> Path.of(folder, GpuProbe.DRIVER_LIBRARY))
                .filter(Files::exists)
                .map(Path::toString)
                .findFirst()
                .orElse(GpuProbe.DRIVER_LIBRARY);
    }

    /** cuBLAS decides the CUDA version; the others come from its place where it has them. */
    private static Map<LibraryKind, Found> libraries(List<LibraryFolders.Place> places, int cuda) {
        Map<LibraryKind, Found> found = new EnumMap<>(LibraryKind.class);
        List<LibraryFolders.Place> order = new ArrayList<>(places);
        int limit = cuda;
        for (LibraryKind kind : LibraryKind.values()) {
            Found library = first(kind, order, limit);
            if (library == null) {
                library = JarLibraries.find(kind)
                        .map(jar -> new Found(jar.description(), null, jar, jar.version(kind)))
                        .orElse(null);
            }
            if (library != null) {
                found.put(kind, library);
                if (kind == LibraryKind.CUBLAS) {
                    limit = library.version();
                    String origin = library.origin();
                    order.sort((a, b) -> Boolean.compare(
                            !a.origin().equals(origin), !b.origin().equals(origin)));
                }
            }
        }
        return found;
    }

    private static @Nullable Found first(LibraryKind kind, List<LibraryFolders.Place> places, int cuda) {
        for (LibraryFolders.Place place : places) {
            for (int version : kind.versions()) {
                for (Path folder : place.folders()) {
                    Path file = folder.resolve(kind.fileName(version));
                    if (version <= cuda && Files.exists(file)) {
                        return new Found(place.origin(), file.toAbsolutePath(), null, version);
                    }
                }
            }
        }
        return null;
    }

    /** What the driver says about GPUs. */
    public GpuProbe.Result gpus() {
        return gpus;
    }

    /** Name or path of the driver's library. */
    public String driver() {
        return driver;
    }

    /** Libraries that are needed and were not found: what, and how to get it. */
    public List<String> missing() {
        List<String> missing = new ArrayList<>();
        for (LibraryKind kind : LibraryKind.values()) {
            if (kind.isNeeded() && !found.containsKey(kind)) {
                missing.add(kind.advice(cudaMajor()));
            }
        }
        return missing;
    }

    private int cudaMajor() {
        return gpus instanceof GpuProbe.Found usable ? usable.cudaMajor() : 12;
    }

    /** Why no CUDA device can be opened; empty when one can. */
    public Optional<String> obstacle() {
        if (gpus instanceof GpuProbe.Unusable unusable) {
            return Optional.of(unusable.reason());
        }
        List<String> missing = missing();
        return missing.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", missing));
    }

    /** Why this GPU cannot be opened; empty when it can. */
    public Optional<String> obstacle(int index) {
        if (gpus instanceof GpuProbe.Found usable && index >= usable.gpus().size()) {
            int count = usable.gpus().size();
            String visible = environment.get("CUDA_VISIBLE_DEVICES");
            return Optional.of("cuda:%d is not there: the driver shows %s%s"
                    .formatted(
                            index,
                            count == 1 ? "one GPU, cuda:0" : "%d GPUs, cuda:0 to cuda:%d".formatted(count, count - 1),
                            visible == null ? "" : " (CUDA_VISIBLE_DEVICES=" + visible + ")"));
        }
        return obstacle();
    }

    /** Every library with its version and place, asked by loading each. */
    public List<Report> report(Path cache) {
        List<Report> reports = new ArrayList<>();
        for (LibraryKind kind : LibraryKind.values()) {
            Found library = found.get(kind);
            if (library == null) {
                if (kind.isNeeded()) {
                    reports.add(new Report(kind.title(), "", kind.advice(cudaMajor()), false));
                }
            } else {
                reports.add(report(kind, library, cache));
            }
        }
        return reports;
    }

    private static Report report(LibraryKind kind, Found library, Path cache) {
        if (library.jar() != null && !library.jar().isExtracted(cache)) {
            return new Report(kind.title(), "", library.origin() + ", extracted on first use", true);
        }
        Path file = file(kind, library, cache);
        try {
            return new Report(kind.title(), NativeLibraries.version(kind, file), file.toString(), true);
        } catch (CudaException e) {
            return new Report(kind.title(), "", String.valueOf(e.getMessage()), false);
        }
    }

    private static Path file(LibraryKind kind, Found library, Path cache) {
        Path file = library.file();
        if (file != null) {
            return file;
        }
        if (library.jar() == null) {
            throw new IllegalStateException(kind + " has neither a file nor a jar");
        }
        return library.jar().extracted(kind, cache);
    }

    /**
     * Loads the driver, the libraries and JCuda; once per process.
     *
     * @throws CudaException when something is missing or was loaded from elsewhere before
     */
    NativeLibraries load(Path cache) {
        obstacle().ifPresent(reason -> {
            throw new CudaException(reason);
        });
        Map<LibraryKind, Path> files = new LinkedHashMap<>();
        found.forEach((kind, library) -> files.put(kind, file(kind, library, cache)));
        return NativeLibraries.load(driver, files, found(LibraryKind.CUBLAS).version(), cache);
    }

    private Found found(LibraryKind kind) {
        Found library = found.get(kind);
        if (library == null) {
            throw new CudaException(kind.advice(cudaMajor()));
        }
        return library;
    }
}
