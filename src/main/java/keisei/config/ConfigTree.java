package keisei.config;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** A configuration as a tree with the keys of the YAML files: for run directories and checkpoints. */
public final class ConfigTree {
    private static final JsonMapper JSON = new JsonMapper();

    private ConfigTree() {}

    /** The whole configuration; what {@link ConfigLoader} makes from it equals it. */
    public static ObjectNode of(AppConfig config) {
        ObjectNode root = JSON.createObjectNode();
        for (Map.Entry<String, @Nullable Object> entry :
                ConfigSchema.values(config).entrySet()) {
            ObjectNode section = root;
            String[] parts = entry.getKey().split("\\.");
            for (int i = 0; i < parts.length - 1; i++) {
                section = section.get(parts[i]) instanceof ObjectNode known ? known : section.putObject(parts[i]);
            }
            put(section, parts[parts.length - 1], entry.getValue());
        }
        return root;
    }

    /** The whole configuration as YAML. */
    public static String yaml(AppConfig config) {
        return new YAMLMapper().writeValueAsString(of(config));
    }

    /** A tree made by {@link #of}, as a source to load. */
    public static ConfigSource source(String name, JsonNode tree) {
        return new ConfigSource(name, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(tree));
    }

    private static void put(ObjectNode node, String name, @Nullable Object value) {
        switch (value) {
            case null -> node.putNull(name);
            case Boolean flag -> node.put(name, flag);
            case Integer number -> node.put(name, number);
            case Long number -> node.put(name, number);
            case Double number -> node.put(name, number);
            default -> node.put(name, value.toString());
        }
    }
}
