package keisei.config;

import java.util.List;
import java.util.stream.Collectors;

/** A configuration with mistakes; the message lists all of them, a line each. */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<ConfigProblem> problems;

    /** @param problems at least one */
    public ConfigException(List<ConfigProblem> problems) {
        super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining(System.lineSeparator())));
        this.problems = List.copyOf(problems);
    }

    /** A single mistake that no file or flag can be blamed for alone. */
    public static ConfigException of(String source, String path, String message) {
        return new ConfigException(List.of(new ConfigProblem(source, 0, path, message)));
    }

    /** The mistakes. */
    public List<ConfigProblem> problems() {
        return problems;
    }
}
