package keisei.cli;

import java.io.PrintWriter;
import java.util.Optional;

/**
 * What the command line asks of a training run besides its configuration.
 *
 * @param resume a checkpoint's path, or {@code latest}; empty: a new run
 * @param configurationSource which file or preset the configuration is from, for the log
 * @param out where results are printed
 */
public record TrainRequest(Optional<String> resume, String configurationSource, PrintWriter out) {}
