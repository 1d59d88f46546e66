package keisei.device.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Files that can be made again: compiled kernels, extracted libraries. Every file appears whole, by an atomic rename,
 * so that processes started together may share the folder.
 */
final class CudaCache {
    private static final int HASH_BYTES = 16;

    private CudaCache() {}

    /**
     * {@code KEISEI_CACHE}, else {@code XDG_CACHE_HOME/keisei}, else {@code ~/.cache/keisei}; without a home folder,
     * a folder of this user beside temporary files.
     */
    static Path defaultFolder(Map<String, String> environment) {
        String own = environment.get("KEISEI_CACHE");
        if (own != null && !own.isBlank()) {
            return Path.of(own);
        }
        String caches = environment.get("XDG_CACHE_HOME");
        if (caches != null && !caches.isBlank()) {
            return Path.of(caches, "keisei");
        }
        Path home = Path.of(System.getProperty("user.home", ""));
        return home.isAbsolute() && Files.isWritable(home)
                ? home.resolve(".cache").resolve("keisei")
                : Path.of(System.getProperty("java.io.tmpdir"), "keisei-" + System.getProperty("user.name"));
    }

    /** First half of the SHA-256 of the parts, each told apart from the next, as hexadecimal digits. */
    static String hash(byte[]... parts) {
        MessageDigest digest = sha256();
        for (byte[] part : parts) {
            digest.update((part.length + ":").getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            digest.update(part);
        }
        return HexFormat.of().formatHex(digest.digest(), 0, HASH_BYTES);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Makes sure that the file exists with exactly this content: one that was damaged is replaced. */
    static void provide(Path file, byte[] content) {
        try {
            if (Files.exists(file) && Files.size(file) == content.length) {
                if (Arrays.equals(Files.readAllBytes(file), content)) {
                    return;
                }
            }
            replace(file, content);
        } catch (IOException e) {
            throw notWritable(file, e);
        }
    }

    /** Writes beside the file and renames: whoever has the old one open keeps it. */
    private static void replace(Path file, byte[] content) throws IOException {
        Path folder = Files.createDirectories(file.toAbsolutePath().getParent());
        Path temporary = Files.createTempFile(folder, "new", ".tmp");
        try {
            Files.write(temporary, content);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /** Stores content that cannot be compared with its source later: its hash stands in front of it. */
    static void store(Path file, byte[] content) {
        byte[] digest = sha256().digest(content);
        byte[] all = Arrays.copyOf(digest, digest.length + content.length);
        System.arraycopy(content, 0, all, digest.length, content.length);
        try {
            replace(file, all);
        } catch (IOException e) {
            throw notWritable(file, e);
        }
    }

    /** What {@link #store} stored; null where it is missing or damaged. */
    static byte @Nullable [] load(Path file) {
        byte[] all;
        try {
            all = Files.readAllBytes(file);
        } catch (IOException e) {
            return null;
        }
        MessageDigest digest = sha256();
        int hashed = digest.getDigestLength();
        if (all.length < hashed) {
            return null;
        }
        byte[] content = Arrays.copyOfRange(all, hashed, all.length);
        return Arrays.equals(digest.digest(content), Arrays.copyOf(all, hashed)) ? content : null;
    }

    private static CudaException notWritable(Path file, IOException e) {
        return new CudaException(
                "the cache file %s cannot be written (%s); KEISEI_CACHE names another folder".formatted(file, e), e);
    }
}
