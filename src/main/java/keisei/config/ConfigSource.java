package keisei.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A configuration text and where it is from.
 *
 * @param name file name, for messages
 * @param text YAML, or JSON, which is YAML too
 */
public record ConfigSource(String name, String text) {
    private static final long MAX_BYTES = 1 << 20;

    /** Reads a file. @throws ConfigException when it cannot be read */
    public static ConfigSource file(Path file) {
        try {
            if (!Files.isRegularFile(file)) {
                throw ConfigException.of(
                        file.toString(), "", Files.exists(file) ? "is not a file" : "there is no such file");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw ConfigException.of(
                        file.toString(),
                        "",
                        "has %d bytes, at most %d are read".formatted(Files.size(file), MAX_BYTES));
            }
            return new ConfigSource(file.toString(), Files.readString(file));
        } catch (CharacterCodingException e) {
            throw ConfigException.of(file.toString(), "", "is not UTF-8 text");
        } catch (IOException e) {
            throw ConfigException.of(file.toString(), "", "cannot be read: " + e);
        }
    }
}
