package keisei.cli;

import java.nio.file.Path;
import java.util.Optional;
import keisei.config.AppConfig;

/** What {@code keisei train} calls once the command line is read. */
@FunctionalInterface
public interface TrainingRunner {
    /**
     * Trains until the run is complete or is stopped.
     *
     * @param config complete and checked
     * @param request the rest of the command line
     * @return the exit code of the program; 0 when the run is complete
     */
    int run(AppConfig config, TrainRequest request);

    /** Whether runs compute on a usable GPU; decides which preset is taken when no configuration is named. */
    default boolean usesGpu() {
        return false;
    }

    /**
     * The configuration that the run of a checkpoint was made with. A resumed run takes it when no other is named.
     *
     * @param resume a checkpoint's path, or {@code latest}
     * @param modelDir directory of all runs
     * @param runName name of the run, where the command line gives one
     */
    default Optional<Path> configurationOf(String resume, Path modelDir, Optional<String> runName) {
        return Optional.empty();
    }
}
