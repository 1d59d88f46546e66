package keisei.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import keisei.checkpoint.CheckpointData;
import keisei.checkpoint.CheckpointStore;

/**
 * Where a run continues: a checkpoint that was read and verified, and what was found on the way.
 *
 * @param checkpoint its directory
 * @param data its contents
 * @param runDirectory the run it belongs to, when the run goes on there; empty: the checkpoint is not the newest of its
 *     run, so the continuation gets a directory of its own
 * @param damaged newer checkpoints of that run that cannot be read
 */
public record ResumePoint(
        Path checkpoint, CheckpointData data, Optional<Path> runDirectory, List<CheckpointStore.Damaged> damaged) {
    /** Copies the list. */
    public ResumePoint {
        damaged = List.copyOf(damaged);
    }

    /**
     * Finds the checkpoint that was asked for; writes nothing.
     *
     * @param modelDirectory directory of all runs
     * @param runName a run's name, if one was given
     * @return empty for a new run, and for {@code latest} where there is no checkpoint
     * @throws TrainingException when a checkpoint given by path is missing or damaged, or when all checkpoints of the
     *     newest run are damaged
     */
    public static Optional<ResumePoint> find(ResumeRequest request, Path modelDirectory, Optional<String> runName) {
        try {
            return switch (request) {
                case ResumeRequest.None none -> Optional.empty();
                case ResumeRequest.Latest latest -> latest(modelDirectory, runName);
                case ResumeRequest.At at -> Optional.of(at(at.checkpoint()));
            };
        } catch (IOException e) {
            throw new TrainingException("cannot resume: " + e.getMessage(), e);
        }
    }

    private static Optional<ResumePoint> latest(Path modelDirectory, Optional<String> runName) throws IOException {
        List<Path> runs =
                runName.isPresent() ? List.of(modelDirectory.resolve(runName.get())) : runsNewestFirst(modelDirectory);
        for (Path run : runs) {
            CheckpointStore.Latest latest = new CheckpointStore(run).latestValid();
            if (latest.loaded().isPresent()) {
                CheckpointStore.Loaded loaded = latest.loaded().get();
                return Optional.of(new ResumePoint(loaded.path(), loaded.data(), Optional.of(run), latest.skipped()));
            }
            if (!latest.skipped().isEmpty()) {
                StringBuilder message =
                        new StringBuilder("cannot resume: every checkpoint of %s is damaged:".formatted(run));
                for (CheckpointStore.Damaged damaged : latest.skipped()) {
                    message.append(System.lineSeparator()).append("  ").append(damaged.reason());
                }
                throw new TrainingException(message.toString());
            }
        }
        return Optional.empty();
    }

    /** Runs with checkpoints, that with the newest checkpoint first. */
    private static List<Path> runsNewestFirst(Path modelDirectory) throws IOException {
        record Run(Path path, long newestMillis) {}
        List<Run> runs = new ArrayList<>();
        if (Files.isDirectory(modelDirectory)) {
            List<Path> children;
            try (Stream<Path> list = Files.list(modelDirectory)) {
                children = list.filter(Files::isDirectory).toList();
            }
            for (Path child : children) {
                long newest = Long.MIN_VALUE;
                for (CheckpointStore.Found found : new CheckpointStore(child).list()) {
                    newest = Math.max(
                            newest, Files.getLastModifiedTime(found.path()).toMillis());
                }
                if (newest > Long.MIN_VALUE) {
                    runs.add(new Run(child, newest));
                }
            }
        }
        runs.sort(Comparator.comparingLong(Run::newestMillis).reversed().thenComparing(Run::path));
        return runs.stream().map(Run::path).toList();
    }

    private static ResumePoint at(Path given) throws IOException {
        Path path = given.toAbsolutePath().normalize();
        Path folder = path.getParent();
        if (!Files.isDirectory(path) || folder == null) {
            throw new TrainingException("cannot resume: there is no checkpoint directory " + given);
        }
        CheckpointStore store = new CheckpointStore(folder);
        CheckpointData data = store.read(path);
        List<CheckpointStore.Found> all = store.list();
        boolean newest = !all.isEmpty()
                && all.getLast().path().toAbsolutePath().normalize().equals(path);
        return new ResumePoint(path, data, newest ? Optional.of(folder) : Optional.empty(), List.of());
    }
}
