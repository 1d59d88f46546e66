package keisei.device.cuda;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The libraries of this process. A library that was loaded by absolute path satisfies whoever asks for its bare name
 * later: JCuda's natives, and cuDNN looking for cuBLAS and NVRTC.
 */
final class NativeLibraries {
    private static @Nullable NativeLibraries loaded;

    private final String driver;
    private final Map<LibraryKind, Path> files;
    private final Map<LibraryKind, NativeCalls> calls = new EnumMap<>(LibraryKind.class);
    private final NativeCalls driverCalls;

    private NativeLibraries(String driver, Map<LibraryKind, Path> files, int cublasVersion, Path cache) {
        this.driver = driver;
        this.files = new LinkedHashMap<>(files);
        driverCalls = new NativeCalls("the driver " + driver, lookup(driver));
        for (LibraryKind kind :
                new LibraryKind[] {LibraryKind.NVRTC, LibraryKind.CUBLAS_LT, LibraryKind.CUBLAS, LibraryKind.CUDNN}) {
            Path file = files.get(kind);
            if (file != null) {
                calls.put(kind, open(kind, file));
            }
        }
        JCudaNatives natives = new JCudaNatives(cache);
        natives.load("JCudaDriver", JCudaNatives.content("JCudaDriver"), "jcuda.driver.JCudaDriver");
        byte[] cublas = JCudaNatives.content("JCublas2");
        String built = LibraryKind.CUBLAS.fileName(12);
        String there = LibraryKind.CUBLAS.fileName(cublasVersion);
        natives.load(
                "JCublas2",
                built.equals(there) ? cublas : ElfRetarget.retarget(cublas, built, there),
                "jcuda.jcublas.JCublas2");
        natives.load("JCudnn", JCudaNatives.content("JCudnn"), "jcuda.jcudnn.JCudnn");
    }

    /** Loads, or returns what was loaded. @throws CudaException when other files were loaded before */
    static synchronized NativeLibraries load(
            String driver, Map<LibraryKind, Path> files, int cublasVersion, Path cache) {
        NativeLibraries before = loaded;
        if (before != null) {
            if (!before.driver.equals(driver) || !before.files.equals(files)) {
                throw new CudaException("this process uses %s and %s, and cannot change to %s and %s"
                        .formatted(before.driver, before.files.values(), driver, files.values()));
            }
            return before;
        }
        NativeLibraries fresh = new NativeLibraries(driver, files, cublasVersion, cache);
        loaded = fresh;
        return fresh;
    }

    /** Functions of a library. */
    NativeCalls calls(LibraryKind kind) {
        NativeCalls library = calls.get(kind);
        if (library == null) {
            throw new CudaException(kind.title() + " is not loaded");
        }
        return library;
    }

    /** Functions of the driver that JCuda lacks. */
    NativeCalls driver() {
        return driverCalls;
    }

    /** Where a library was found. */
    Path file(LibraryKind kind) {
        Path file = files.get(kind);
        if (file == null) {
            throw new CudaException(kind.title() + " is not loaded");
        }
        return file;
    }

    /** Whether the system's loader finds a library. */
    static boolean canLoad(String library) {
        try {
            lookup(library);
            return true;
        } catch (CudaException e) {
            return false;
        }
    }

    /** Loads a library and asks for its version. */
    static String version(LibraryKind kind, Path file) {
        NativeCalls library = open(kind, file);
        return switch (kind) {
            case NVRTC -> new Nvrtc(library).version();
            case CUDNN -> {
                long version = library.callLong("cudnnGetVersion");
                yield "%d.%d.%d".formatted(version / 10_000, version % 10_000 / 100, version % 100);
            }
            case CUBLAS -> cublasVersion(library);
            case CUBLAS_LT -> "";
        };
    }

    private static String cublasVersion(NativeCalls library) {
        try (Arena arena = Arena.ofConfined()) {
            StringBuilder version = new StringBuilder();
            MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
            for (int part = 0; part < 3; part++) {
                int result = library.call("cublasGetProperty", part, value);
                if (result != 0) {
                    throw new CudaException("cublasGetProperty failed with status " + result);
                }
                version.append(part == 0 ? "" : ".").append(value.get(ValueLayout.JAVA_INT, 0));
            }
            return version.toString();
        }
    }

    private static NativeCalls open(LibraryKind kind, Path file) {
        if (kind == LibraryKind.NVRTC) {
            loadBuiltins(file);
        }
        return new NativeCalls(kind.title() + " " + file, lookup(file.toString()));
    }

    /** NVRTC looks for its part with the built-in headers by bare name. */
    private static void loadBuiltins(Path nvrtc) {
        Path folder = nvrtc.getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            return;
        }
        String major = nvrtc.getFileName().toString().replaceFirst(".*\\.so\\.", "");
        try (DirectoryStream<Path> builtins = Files.newDirectoryStream(folder, "libnvrtc-builtins.so." + major + "*")) {
            builtins.forEach(file -> lookup(file.toString()));
        } catch (IOException e) {
            throw new CudaException("the folder %s cannot be read: %s".formatted(folder, e), e);
        }
    }

    @SuppressWarnings("restricted")
    static SymbolLookup lookup(String library) {
        try {
            return SymbolLookup.libraryLookup(library, Arena.global());
        } catch (IllegalArgumentException e) {
            throw new CudaException("%s cannot be loaded: %s".formatted(library, e.getMessage()), e);
        }
    }
}
