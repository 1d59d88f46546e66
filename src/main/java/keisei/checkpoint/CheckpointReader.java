package keisei.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads a checkpoint directory and trusts nothing in it: sizes and SHA-256 digests are compared before a file is
 * interpreted, names that lead out of the directory and symbolic links are refused.
 */
public final class CheckpointReader {
    private static final long MAX_MANIFEST_BYTES = 256L << 20;
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");
    private static final Pattern DIGEST = Pattern.compile("[0-9a-f]{64}");

    private final int currentVersion;
    private final Map<Integer, CheckpointMigration> migrations;

    /** Reads the present format version only. */
    public CheckpointReader() {
        this(CheckpointManifest.FORMAT_VERSION, Map.of());
    }

    /** @param migrations from a version to the next one, by the version they start from */
    public CheckpointReader(Map<Integer, CheckpointMigration> migrations) {
        this(CheckpointManifest.FORMAT_VERSION, migrations);
    }

    CheckpointReader(int currentVersion, Map<Integer, CheckpointMigration> migrations) {
        this.currentVersion = currentVersion;
        this.migrations = Map.copyOf(migrations);
    }

    /**
     * Reads and verifies.
     *
     * @throws CheckpointException naming the file, what was expected and what was found
     */
    public CheckpointData read(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            throw new CheckpointException(
                    directory, "expected a checkpoint directory, found none (or a symbolic link)");
        }
        Path manifestFile = directory.resolve(CheckpointWriter.MANIFEST);
        ObjectNode root = readManifest(directory, manifestFile);
        int version = ManifestJson.formatVersion(manifestFile, root);
        if (version < 1 || version > currentVersion) {
            throw new CheckpointException(
                    manifestFile,
                    "expected format version 1 to %d, found %d%s"
                            .formatted(
                                    currentVersion,
                                    version,
                                    version > currentVersion ? ": written by a newer Keisei, which can read it" : ""));
        }
        Map<String, ManifestJson.FileEntry> files = ManifestJson.files(manifestFile, root);
        for (Map.Entry<String, ManifestJson.FileEntry> file : files.entrySet()) {
            verify(directory, manifestFile, file.getKey(), file.getValue());
        }
        if (!files.containsKey(CheckpointWriter.MODEL)) {
            throw new CheckpointException(
                    manifestFile,
                    "expected an entry for " + CheckpointWriter.MODEL + " in 'files', found " + files.keySet());
        }
        Map<String, TensorData> model =
                SafeTensors.read(directory.resolve(CheckpointWriter.MODEL)).tensors();
        Map<String, TensorData> optimizer = files.containsKey(CheckpointWriter.OPTIMIZER)
                ? SafeTensors.read(directory.resolve(CheckpointWriter.OPTIMIZER))
                        .tensors()
                : Map.of();
        CheckpointMigration.Raw raw =
                migrate(manifestFile, version, new CheckpointMigration.Raw(root, model, optimizer));
        return new CheckpointData(ManifestJson.manifest(manifestFile, raw.manifest()), raw.model(), raw.optimizer());
    }

    private CheckpointMigration.Raw migrate(Path manifestFile, int version, CheckpointMigration.Raw raw)
            throws CheckpointException {
        CheckpointMigration.Raw current = raw;
        for (int from = version; from < currentVersion; from++) {
            CheckpointMigration migration = migrations.get(from);
            if (migration == null) {
                throw new CheckpointException(
                        manifestFile,
                        "expected format version %d, found %d, and there is no migration from version %d"
                                .formatted(currentVersion, version, from));
            }
            current = migration.migrate(current);
            current.manifest().put(ManifestJson.FORMAT_VERSION, from + 1);
        }
        return current;
    }

    private static ObjectNode readManifest(Path directory, Path manifestFile) throws IOException {
        byte[] manifest = readSmall(manifestFile, MAX_MANIFEST_BYTES);
        Path digestFile = directory.resolve(CheckpointWriter.MANIFEST_DIGEST);
        String line = new String(readSmall(digestFile, 1000), StandardCharsets.ISO_8859_1);
        String expected = line.length() < 64 ? line : line.substring(0, 64);
        if (!DIGEST.matcher(expected).matches()) {
            throw new CheckpointException(
                    digestFile, "expected a SHA-256 digest of 64 hexadecimal digits, found others");
        }
        String found = Digests.of(manifest);
        if (!found.equals(expected)) {
            throw new CheckpointException(
                    manifestFile, "expected SHA-256 %s, found %s: the file was changed".formatted(expected, found));
        }
        return ManifestJson.parse(manifestFile, manifest);
    }

    private static byte[] readSmall(Path file, long maxBytes) throws IOException {
        requireRegular(file);
        long bytes = Files.size(file);
        if (bytes > maxBytes) {
            throw new CheckpointException(file, "expected at most %d bytes, found %d".formatted(maxBytes, bytes));
        }
        return Files.readAllBytes(file);
    }

    private static void verify(Path directory, Path manifestFile, String name, ManifestJson.FileEntry entry)
            throws IOException {
        if (!FILE_NAME.matcher(name).matches()) {
            throw new CheckpointException(
                    manifestFile, "files: expected plain file names of this directory, found '" + name + "'");
        }
        Path file = directory.resolve(name);
        requireRegular(file);
        long bytes = Files.size(file);
        if (bytes != entry.sizeBytes()) {
            throw new CheckpointException(file, "expected %d bytes, found %d".formatted(entry.sizeBytes(), bytes));
        }
        String found = Digests.of(file);
        if (!found.equals(entry.sha256())) {
            throw new CheckpointException(
                    file, "expected SHA-256 %s, found %s: the file was changed".formatted(entry.sha256(), found));
        }
    }

    private static void requireRegular(Path file) throws CheckpointException {
        if (Files.isSymbolicLink(file)) {
            throw new CheckpointException(file, "expected a regular file, found a symbolic link");
        }
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new CheckpointException(file, "expected a regular file, found none");
        }
    }
}
