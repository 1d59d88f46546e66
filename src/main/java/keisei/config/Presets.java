package keisei.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** The commented configurations that are shipped with the program; the same files lie in {@code config/}. */
public final class Presets {
    /** Trains visibly on a machine without a GPU. */
    public static final String CPU = "cpu-laptop";
    /** The 9x9 game with a small network. */
    public static final String SHOGI_SMALL = "shogi-small";
    /** The whole network for a GPU. */
    public static final String GPU = "shogi-gpu";
    /** Learns the 5x5 game in minutes. */
    public static final String MINISHOGI = "minishogi-quick";

    private Presets() {}

    /** All names. */
    public static List<String> names() {
        return List.of(MINISHOGI, CPU, SHOGI_SMALL, GPU);
    }

    /** What to train with on a device, {@code cpu}, {@code cuda} or {@code cuda:N}, when no file is given. */
    public static String forDevice(String device) {
        return device.startsWith("cuda") ? GPU : CPU;
    }

    /** The configuration of a preset. @throws IllegalArgumentException when there is no preset of this name */
    public static AppConfig load(String name) {
        return ConfigLoader.load(Optional.of(byName(name)), List.of(), List.of())
                .config();
    }

    /** The text of a preset. @throws IllegalArgumentException when there is no preset of this name; lists those there are */
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
