package keisei.device.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import jcuda.JCudaVersion;

/**
 * Loads JCuda's native parts. JCuda itself extracts them to one shared file name without any care, which crashes
 * JVMs that start together; here each is written to a folder named by its content's hash, whole or not at all, and
 * JCuda finds it there as a file that exists already.
 */
final class JCudaNatives {
    private static final String FILE = "lib%s-" + JCudaVersion.get() + "-linux-x86_64.so";
    private static final String TEMPORARY_FOLDER = "java.io.tmpdir";

    private final Path cache;

    JCudaNatives(Path cache) {
        this.cache = cache.toAbsolutePath().resolve("natives");
    }

    /** The library in JCuda's jar, such as {@code JCudaDriver}. */
    static byte[] content(String library) {
        String resource = "/lib/" + FILE.formatted(library);
        try (InputStream stream = JCudaVersion.class.getResourceAsStream(resource)) {
            if (stream == null) {
                throw new CudaException("JCuda's native library %s is not on the class path; %s on %s is not supported"
                        .formatted(resource, System.getProperty("os.name"), System.getProperty("os.arch")));
            }
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new CudaException("JCuda's native library %s cannot be read: %s".formatted(resource, e), e);
        }
    }

    /** Writes the file where it is missing or damaged. */
    Path extract(String library, byte[] content) {
        Path file = cache.resolve(CudaCache.hash(content)).resolve(FILE.formatted(library));
        CudaCache.provide(file, content);
        return file;
    }

    /** Initialises a class of JCuda with the library from a folder of ours. */
    Path load(String library, byte[] content, String className) {
        Path file = extract(library, content);
        synchronized (JCudaNatives.class) {
            String before = System.getProperty(TEMPORARY_FOLDER);
            System.setProperty(TEMPORARY_FOLDER, file.resolveSibling("").toString());
            try {
                Class.forName(className, true, JCudaNatives.class.getClassLoader());
            } catch (ClassNotFoundException | LinkageError e) {
                throw new CudaException("JCuda's %s cannot be loaded: %s".formatted(file, e.getMessage()), e);
            } finally {
                System.setProperty(TEMPORARY_FOLDER, before);
            }
        }
        return file;
    }
}
