package keisei.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The checkpoints of a run: directories {@code checkpoint_ts<timestep>} in one folder, each with
 * {@code model.safetensors}, {@code optimizer.safetensors}, {@code manifest.json} and the manifest's digest. A
 * checkpoint appears whole or not at all. One writer a folder; any number of readers.
 */
public final class CheckpointStore {
    static final String NAME_PREFIX = "checkpoint_ts";

    private static final Pattern NAME = Pattern.compile(Pattern.quote(NAME_PREFIX) + "(0|[1-9][0-9]{0,17})");

    private final Path directory;
    private final CheckpointReader reader;
    private final CheckpointWriter writer;

    /** @param directory the folder; made on the first write */
    public CheckpointStore(Path directory) {
        this(directory, new CheckpointReader());
    }

    /** @param reader reads, with migrations where there are any */
    public CheckpointStore(Path directory, CheckpointReader reader) {
        this(directory, reader, WriteHook.NONE);
    }

    CheckpointStore(Path directory, CheckpointReader reader, WriteHook hook) {
        this.directory = directory;
        this.reader = reader;
        this.writer = new CheckpointWriter(hook);
    }

    /**
     * A checkpoint by name; nothing of it was read.
     *
     * @param timestep from the name
     * @param path its directory
     */
    public record Found(long timestep, Path path) {}

    /**
     * A checkpoint that could not be read.
     *
     * @param path its directory
     * @param reason file, expected, found
     */
    public record Damaged(Path path, String reason) {}

    /**
     * A checkpoint that was read and verified.
     *
     * @param path its directory
     * @param data its contents
     */
    public record Loaded(Path path, CheckpointData data) {}

    /**
     * The newest checkpoint that is whole.
     *
     * @param loaded empty when there is none
     * @param skipped newer ones that are damaged, newest first
     */
    public record Latest(Optional<Loaded> loaded, List<Damaged> skipped) {}

    /** The folder. */
    public Path directory() {
        return directory;
    }

    /**
     * Writes a checkpoint under its manifest's timestep. One that is there already is left as it is.
     *
     * @return the checkpoint's directory
     * @throws IOException when it could not be written; nothing of it is left then
     */
    public Path write(CheckpointData data) throws IOException {
        Path target = directory.resolve(NAME_PREFIX + data.manifest().timestep());
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            writer.write(data, target);
        }
        return target;
    }

    /** All checkpoints by name, oldest timestep first. Temporary directories and links are not among them. */
    public List<Found> list() throws IOException {
        List<Found> found = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return found;
        }
        try (Stream<Path> children = Files.list(directory)) {
            for (Path child : (Iterable<Path>) children::iterator) {
                Matcher matcher = NAME.matcher(child.getFileName().toString());
                if (matcher.matches() && Files.isDirectory(child, LinkOption.NOFOLLOW_LINKS)) {
                    found.add(new Found(Long.parseLong(matcher.group(1)), child));
                }
            }
        }
        found.sort(Comparator.comparingLong(Found::timestep));
        return found;
    }

    /** Reads the newest checkpoint that verifies, and says which newer ones do not. */
    public Latest latestValid() throws IOException {
        List<Damaged> skipped = new ArrayList<>();
        for (Found found : list().reversed()) {
            try {
                return new Latest(Optional.of(new Loaded(found.path(), reader.read(found.path()))), skipped);
            } catch (IOException e) {
                skipped.add(new Damaged(found.path(), String.valueOf(e.getMessage())));
            }
        }
        return new Latest(Optional.empty(), skipped);
    }

    /**
     * Reads and verifies one checkpoint, of this folder or any other.
     *
     * @throws CheckpointException naming the file, what was expected and what was found
     */
    public CheckpointData read(Path checkpoint) throws IOException {
        return reader.read(checkpoint);
    }
}
