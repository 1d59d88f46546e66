package keisei.config;

import java.util.Locale;

/**
 * One mistake in a configuration.
 *
 * @param source file, {@code --override}, or flag that it is in
 * @param line line in the file; 0 where there is none
 * @param path key, such as {@code training.gamma}; empty for a mistake of the file as a whole
 * @param message what is wrong and what is allowed
 */
public record ConfigProblem(String source, int line, String path, String message) {
    @Override
    public String toString() {
        String place = line > 0 ? String.format(Locale.ROOT, "%s:%d", source, line) : source;
        return path.isEmpty() ? place + ": " + message : place + ": " + path + ": " + message;
    }
}
