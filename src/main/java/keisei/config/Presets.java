package keisei.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The commented configurations that are shipped with the program; the same files lie in {@code config/}. */
public final class Presets {
    /** Trains visibly on a machine without a GPU. */
    public static final String CPU = "cpu-laptop";
    /** The whole network for a GPU. */
    public static final String GPU = "shogi-gpu";
    /** Learns the 5x5 game in minutes. */
    public static final String MINISHOGI = "minishogi-quick";

    private Presets() {}

    /** All names. */
    public static List<String> names() {
        return List.of(MINISHOGI, CPU, GPU);
    }

    /** @throws IllegalArgumentException when there is no preset of this name; lists those there are */
    public static ConfigSource byName(String name) {
        if (!names().contains(name)) {
            throw new IllegalArgumentException("preset '%s' is unknown; allowed: %s".formatted(name, names()));
        }
        String resource = "presets/" + name + ".yaml";
        try (InputStream in = Presets.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalStateException("the program was built without " + resource);
            }
            return new ConfigSource("config/" + name + ".yaml", new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException(resource + " cannot be read", e);
        }
    }
}
