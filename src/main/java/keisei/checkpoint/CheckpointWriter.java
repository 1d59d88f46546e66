package keisei.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes a checkpoint so that it is there whole or not at all: everything goes to a temporary directory beside it, is
 * forced to the disk, and only then gets its name in one step.
 */
final class CheckpointWriter {
    static final String TEMPORARY_PREFIX = ".tmp-";
    static final String MODEL = "model.safetensors";
    static final String OPTIMIZER = "optimizer.safetensors";
    static final String MANIFEST = "manifest.json";
    static final String MANIFEST_DIGEST = "manifest.json.sha256";

    private final WriteHook hook;

    CheckpointWriter(WriteHook hook) {
        this.hook = hook;
    }

    void write(CheckpointData data, Path target) throws IOException {
        Path parent = target.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IllegalArgumentException("checkpoint " + target + " has no parent directory");
        }
        step("create " + parent.getFileName());
        Files.createDirectories(parent);
        removeLeftovers(parent);
        step("create temporary directory");
        Path temporary = Files.createTempDirectory(parent, TEMPORARY_PREFIX + target.getFileName() + "-");
        try {
            fill(data, temporary);
            step("name " + target.getFileName());
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                throw new IOException("file system of " + parent + " cannot rename atomically", e);
            }
        } catch (IOException | RuntimeException e) {
            removeTree(temporary);
            throw e;
        }
        step("force " + parent.getFileName());
        forceDirectory(parent);
    }

    private void fill(CheckpointData data, Path directory) throws IOException {
        Map<String, ManifestJson.FileEntry> files = new LinkedHashMap<>();
        files.put(MODEL, writeTensors(directory.resolve(MODEL), data.model()));
        if (!data.optimizer().isEmpty()) {
            files.put(OPTIMIZER, writeTensors(directory.resolve(OPTIMIZER), data.optimizer()));
        }
        byte[] manifest = ManifestJson.write(data.manifest(), files);
        writeBytes(directory.resolve(MANIFEST), manifest);
        String digest = Digests.of(manifest) + "  " + MANIFEST + "\n";
        writeBytes(directory.resolve(MANIFEST_DIGEST), digest.getBytes(StandardCharsets.US_ASCII));
        step("force temporary directory");
        forceDirectory(directory);
    }

    private ManifestJson.FileEntry writeTensors(Path file, Map<String, TensorData> tensors) throws IOException {
        step("create " + file.getFileName());
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            Digests.DigestingChannel digesting = new Digests.DigestingChannel(out);
            step("fill " + file.getFileName());
            SafeTensors.write(digesting, tensors, Map.of());
            step("force " + file.getFileName());
            out.force(true);
            return digesting.entry();
        }
    }

    private void writeBytes(Path file, byte[] bytes) throws IOException {
        step("create " + file.getFileName());
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            buffer.limit(bytes.length / 2);
            writeFully(out, buffer);
            step("fill the second half of " + file.getFileName());
            buffer.limit(bytes.length);
            writeFully(out, buffer);
            step("force " + file.getFileName());
            out.force(true);
        }
    }

    private static void writeFully(FileChannel out, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
    }

    /** Removes what a killed process left; there is one writer a directory. */
    private static void removeLeftovers(Path parent) throws IOException {
        List<Path> leftovers;
        try (Stream<Path> children = Files.list(parent)) {
            leftovers = children.filter(child ->
                            child.getFileName().toString().startsWith(TEMPORARY_PREFIX + CheckpointStore.NAME_PREFIX))
                    .filter(child -> Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS))
                    .toList();
        }
        for (Path leftover : leftovers) {
            removeTree(leftover);
        }
    }

    /** A checkpoint's directory is flat; links in it are removed, not followed. */
    private static void removeTree(Path directory) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        List<Path> children;
        try (Stream<Path> stream = Files.list(directory)) {
            children = stream.toList();
        }
        for (Path child : children) {
            Files.delete(child);
        }
        Files.delete(directory);
    }

    private static void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private void step(String what) throws IOException {
        hook.before(what);
    }
}
