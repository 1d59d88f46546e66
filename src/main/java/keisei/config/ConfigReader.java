package keisei.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;

/** Reads YAML (and JSON, its subset) into {@link ConfigNode}s. */
final class ConfigReader {
    private static final YAMLMapper YAML = new YAMLMapper();

    private final String source;
    private final List<ConfigProblem> problems;

    private ConfigReader(String source, List<ConfigProblem> problems) {
        this.source = source;
        this.problems = problems;
    }

    /** The tree of a text; an empty section when it is empty or malformed (which is reported). */
    static ConfigNode read(ConfigSource source, List<ConfigProblem> problems) {
        ConfigReader reader = new ConfigReader(source.name(), problems);
        try (JsonParser parser = YAML.createParser(source.text())) {
            if (parser.nextToken() == null) {
                return new ConfigNode.Section(1, Map.of());
            }
            ConfigNode node = reader.node(parser, "");
            if (parser.nextToken() != null) {
                reader.problem(line(parser), "", "there is more than one document; one is read");
            }
            return node;
        } catch (JacksonException e) {
            TokenStreamLocation location = e.getLocation();
            reader.problem(
                    location == null ? 0 : Math.max(0, location.getLineNr()),
                    "",
                    "is not well-formed YAML: " + firstLine(e.getOriginalMessage()));
            return new ConfigNode.Section(1, Map.of());
        }
    }

    private ConfigNode node(JsonParser parser, String path) {
        int line = line(parser);
        if (parser instanceof YAMLParser yaml && yaml.isCurrentAlias()) {
            throw new StreamReadException(parser, "YAML aliases (*name) are not supported; write the value out");
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> section(parser, path, line);
            case START_ARRAY -> {
                List<ConfigNode> items = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    items.add(node(parser, path));
                }
                yield new ConfigNode.Items(line, items);
            }
            case VALUE_TRUE -> new ConfigNode.Scalar(line, true);
            case VALUE_FALSE -> new ConfigNode.Scalar(line, false);
            case VALUE_NULL -> new ConfigNode.Scalar(line, null);
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new ConfigNode.Scalar(line, parser.getNumberValue());
            case VALUE_STRING -> new ConfigNode.Scalar(line, parser.getString());
            default -> throw new StreamReadException(parser, "unexpected " + parser.currentToken());
        };
    }

    private ConfigNode section(JsonParser parser, String path, int line) {
        Map<String, ConfigNode> entries = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            int keyLine = line(parser);
            String keyPath = path.isEmpty() ? key : path + "." + key;
            parser.nextToken();
            ConfigNode value = node(parser, keyPath);
            if (entries.put(key, value) != null) {
                problem(keyLine, keyPath, "is given twice");
            }
        }
        return new ConfigNode.Section(line, entries);
    }

    private void problem(int line, String path, String message) {
        problems.add(new ConfigProblem(source, line, path, message));
    }

    private static int line(JsonParser parser) {
        return parser.currentTokenLocation().getLineNr();
    }

    private static String firstLine(String message) {
        return message.lines().findFirst().orElse("");
    }
}
