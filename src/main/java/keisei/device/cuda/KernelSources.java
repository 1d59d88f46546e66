package keisei.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Our kernels' sources and the cache of what they were compiled to, named by the hash of all that went into it. */
final class KernelSources {
    private static final String FOLDER = "/keisei/device/cuda/kernels/";
    private static final String HEADER = "keisei.cuh";

    private final Nvrtc compiler;
    private final String compilerIdentity;
    private final Path cache;
    private final List<String> options;

    /**
     * @param compilerIdentity what tells this compiler from others
     * @param cache folder
     */
    KernelSources(Nvrtc compiler, String compilerIdentity, int capability, Path cache) {
        this.compiler = compiler;
        this.compilerIdentity = compilerIdentity;
        this.cache = cache;
        options = List.of("--gpu-architecture=" + compiler.architecture(capability), "--std=c++17");
    }

    /** Machine code of {@code file}.cu, from the cache where it is whole. */
    byte[] compiled(String file) {
        String name = file + ".cu";
        String source = text(name);
        String header = text(HEADER);
        String key = CudaCache.hash(
                utf8(name), utf8(source), utf8(header), utf8(String.join("\n", options)), utf8(compilerIdentity));
        Path entry = cache.resolve("kernels").resolve(file + "-" + key + ".bin");
        byte[] stored = CudaCache.load(entry);
        if (stored != null) {
            return stored;
        }
        byte[] image = compiler.compile(name, source, Map.of(HEADER, header), options);
        CudaCache.store(entry, image);
        return image;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(String name) {
        try (InputStream stream = KernelSources.class.getResourceAsStream(FOLDER + name)) {
            if (stream == null) {
                throw new CudaException("the program was built without its kernel source %s".formatted(name));
            }
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CudaException("the kernel source %s cannot be read: %s".formatted(name, e), e);
        }
    }
}
