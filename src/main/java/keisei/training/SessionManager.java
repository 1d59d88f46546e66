package keisei.training;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import keisei.checkpoint.CheckpointStore;
import keisei.config.AppConfig;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A run's session: its name, its directory, the configuration that was really used, and the log file. Nothing is
 * written before {@link #setUpDirectories}. Thread-safe logging; everything else belongs to the training thread.
 */
public final class SessionManager implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(SessionManager.class);
    private static final DateTimeFormatter NAME_TIME = DateTimeFormatter.ofPattern("yyyyMMdd_HHmmss", Locale.ROOT);
    private static final DateTimeFormatter LOG_TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT);
    private static final String EFFECTIVE_CONFIG = "effective_config.yaml";

    private final AppConfig config;
    private final Clock clock;
    private final String runName;
    private final Path runDirectory;
    private BufferedWriter log = new BufferedWriter(java.io.Writer.nullWriter());

    /**
     * A new run; its name is the configured one, or made of model type, features and time.
     *
     * @throws TrainingException when a directory of the configured name exists already
     */
    public static SessionManager forNewRun(AppConfig config, Clock clock) {
        Path modelDirectory = Path.of(config.logging().modelDir());
        String configured = config.logging().runName();
        if (configured != null) {
            Path directory = modelDirectory.resolve(configured);
            if (Files.exists(directory)) {
                throw new TrainingException(
                        "run directory %s exists already; give another --run-name, or --resume latest to continue it"
                                .formatted(directory));
            }
            return new SessionManager(config, clock, configured, directory);
        }
        String base = "keisei_%s_feats_%s_%s"
                .formatted(
                        shorten(config.training().modelType(), 14),
                        shorten(config.training().inputFeatures().replace("_", ""), 15),
                        LocalDateTime.now(clock).format(NAME_TIME));
        String name = base;
        for (int i = 2; Files.exists(modelDirectory.resolve(name)); i++) {
            name = base + "_" + i;
        }
        return new SessionManager(config, clock, name, modelDirectory.resolve(name));
    }

    /**
     * As {@link #forNewRun}, but a directory of the configured name may exist as long as no checkpoint is in it: a run
     * that ended before its first one begins again there.
     *
     * @throws TrainingException when there is a checkpoint
     */
    public static SessionManager forRunWithoutCheckpoint(AppConfig config, Clock clock) {
        String configured = config.logging().runName();
        if (configured == null) {
            return forNewRun(config, clock);
        }
        Path directory = Path.of(config.logging().modelDir()).resolve(configured);
        try {
            return new CheckpointStore(directory).list().isEmpty()
                    ? new SessionManager(config, clock, configured, directory)
                    : forNewRun(config, clock);
        } catch (IOException e) {
            throw new TrainingException("cannot read run directory " + directory + ": " + e.getMessage(), e);
        }
    }

    /** Continues in the directory of an earlier session of the same run. */
    public static SessionManager forResumedRun(AppConfig config, Clock clock, Path runDirectory) {
        return new SessionManager(
                config, clock, String.valueOf(runDirectory.toAbsolutePath().getFileName()), runDirectory);
    }

    private SessionManager(AppConfig config, Clock clock, String runName, Path runDirectory) {
        this.config = config;
        this.clock = clock;
        this.runName = runName;
        this.runDirectory = runDirectory;
    }

    private static String shorten(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length);
    }

    /** The run's name. */
    public String runName() {
        return runName;
    }

    /** Where everything of the run lies. */
    public Path runDirectory() {
        return runDirectory;
    }

    /** The log of periodic evaluations. */
    public Path evaluationLog() {
        return runDirectory.resolve(config.evaluation().logFilePathEval());
    }

    /** Makes the run directory and opens the log. @throws TrainingException when that fails */
    public void setUpDirectories() {
        try {
            Files.createDirectories(runDirectory);
            log = Files.newBufferedWriter(
                    runDirectory.resolve(config.logging().logFile()),
                    StandardCharsets.UTF_8,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new TrainingException("cannot set up run directory " + runDirectory + ": " + e.getMessage(), e);
        }
        log("session of run " + runName + " starts");
    }

    /** Writes the configuration that is really used. A failure is logged; training goes on. */
    public void saveEffectiveConfig() {
        try {
            // In one step: a run that is killed here must find its configuration whole when it goes on.
            Path temporary = runDirectory.resolve(EFFECTIVE_CONFIG + ".tmp");
            Files.writeString(temporary, config.toYaml());
            Files.move(temporary, runDirectory.resolve(EFFECTIVE_CONFIG), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            LOGGER.warn("cannot write {}: {}", EFFECTIVE_CONFIG, e.getMessage());
        }
    }

    /** The configuration file of a run, where one was written. */
    static Path effectiveConfigOf(Path runDirectory) {
        return runDirectory.resolve(EFFECTIVE_CONFIG);
    }

    /** A line {@code [date time] message} in the run's log. */
    public synchronized void log(String message) {
        try {
            log.write("[%s] %s%n".formatted(LocalDateTime.now(clock).format(LOG_TIME), message));
            log.flush();
        } catch (IOException e) {
            LOGGER.warn("cannot write to the run's log: {}", e.getMessage());
        }
    }

    /** A line in the run's log and on standard error. */
    public void announce(String message) {
        log(message);
        LOGGER.info(message);
    }

    /** A warning in the run's log and on standard error. */
    public void warn(String message) {
        log("WARNING " + message);
        LOGGER.warn(message);
    }

    /** Appends a line to the log of evaluations. */
    void logEvaluation(String line) {
        try {
            Files.writeString(
                    evaluationLog(),
                    line + System.lineSeparator(),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND);
        } catch (IOException e) {
            warn("cannot write to " + evaluationLog() + ": " + e.getMessage());
        }
    }

    /** Ends the session's log. */
    @Override
    public synchronized void close() {
        log("session of run " + runName + " ends");
        try {
            log.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close the run's log", e);
        }
    }
}
