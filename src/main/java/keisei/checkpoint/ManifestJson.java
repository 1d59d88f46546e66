package keisei.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import keisei.nn.ModelSpec;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The manifest as JSON. Random states are hexadecimal texts, since not every JSON reader keeps 64-bit integers. */
final class ManifestJson {
    static final String FORMAT_VERSION = "formatVersion";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(SerializationFeature.INDENT_OUTPUT)
            .build();

    private ManifestJson() {}

    /**
     * A file that the manifest vouches for.
     *
     * @param sizeBytes its length
     * @param sha256 its digest, lower-case hexadecimal
     */
    record FileEntry(long sizeBytes, String sha256) {}

    static byte[] write(CheckpointManifest manifest, Map<String, FileEntry> files) {
        ObjectNode root = JSON.createObjectNode();
        root.put(FORMAT_VERSION, CheckpointManifest.FORMAT_VERSION);
        root.put("createdBy", manifest.createdBy());
        root.put("timestep", manifest.timestep());
        ObjectNode model = root.putObject("model");
        ModelSpec spec = manifest.model();
        model.put("modelType", spec.modelType());
        model.put("inputChannels", spec.inputChannels());
        model.put("boardSize", spec.boardSize());
        model.put("actions", spec.actions());
        model.put("towerDepth", spec.towerDepth());
        model.put("towerWidth", spec.towerWidth());
        model.put("seRatio", spec.seRatio());
        root.put("featureSet", manifest.featureSet());
        root.put("actionSpace", manifest.actionSpace());
        root.put("optimizerStep", manifest.optimizerStep());
        root.set("config", manifest.config());
        root.set("counters", manifest.counters());
        root.set("schedule", manifest.schedule());
        root.set("metrics", manifest.metrics());
        ObjectNode random = root.putObject("randomStates");
        manifest.randomStates().forEach((name, state) -> {
            ArrayNode words = random.putArray(name);
            state.forEach(word -> words.add(Long.toHexString(word)));
        });
        ArrayNode games = root.putArray("games");
        for (GameRecord game : manifest.games()) {
            ObjectNode node = games.addObject();
            node.put("start", game.start());
            ArrayNode moves = node.putArray("moves");
            game.moves().forEach(moves::add);
        }
        ObjectNode fileNodes = root.putObject("files");
        files.forEach((name, file) -> {
            ObjectNode node = fileNodes.putObject(name);
            node.put("sizeBytes", file.sizeBytes());
            node.put("sha256", file.sha256());
        });
        return JSON.writeValueAsBytes(root);
    }

    static ObjectNode parse(Path file, byte[] json) throws CheckpointException {
        try {
            if (JSON.readTree(json) instanceof ObjectNode root) {
                return root;
            }
        } catch (JacksonException e) {
            throw new CheckpointException(file, "not valid JSON: " + e.getOriginalMessage(), e);
        }
        throw new CheckpointException(file, "expected a JSON object, found something else");
    }

    static int formatVersion(Path file, ObjectNode root) throws CheckpointException {
        return new Fields(file, root, "").integer(FORMAT_VERSION);
    }

    static Map<String, FileEntry> files(Path file, ObjectNode root) throws CheckpointException {
        Map<String, FileEntry> files = new LinkedHashMap<>();
        Fields nodes = new Fields(file, root, "").object("files");
        for (String name : nodes.names()) {
            Fields entry = nodes.object(name);
            files.put(name, new FileEntry(entry.longInteger("sizeBytes"), entry.text("sha256")));
        }
        return files;
    }

    static CheckpointManifest manifest(Path file, ObjectNode root) throws CheckpointException {
        Fields fields = new Fields(file, root, "");
        Fields model = fields.object("model");
        try {
            JsonNode seRatio = model.any("seRatio");
            ModelSpec spec = new ModelSpec(
                    model.text("modelType"),
                    model.integer("inputChannels"),
                    model.integer("boardSize"),
                    model.integer("actions"),
                    model.integer("towerDepth"),
                    model.integer("towerWidth"),
                    seRatio.isNull() ? null : model.number("seRatio"));
            return new CheckpointManifest(
                    fields.text("createdBy"),
                    fields.longInteger("timestep"),
                    spec,
                    fields.text("featureSet"),
                    fields.text("actionSpace"),
                    fields.longInteger("optimizerStep"),
                    fields.any("config"),
                    fields.any("counters"),
                    fields.any("schedule"),
                    fields.any("metrics"),
                    randomStates(file, fields.object("randomStates")),
                    games(file, fields));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file, String.valueOf(e.getMessage()), e);
        }
    }

    private static Map<String, List<Long>> randomStates(Path file, Fields nodes) throws CheckpointException {
        Map<String, List<Long>> states = new LinkedHashMap<>();
        for (String name : nodes.names()) {
            List<Long> words = new ArrayList<>();
            for (JsonNode word : nodes.array(name)) {
                try {
                    words.add(Long.parseUnsignedLong(word.asString(), 16));
                } catch (NumberFormatException e) {
                    throw new CheckpointException(
                            file,
                            "randomStates.%s: expected hexadecimal texts of 64 bits, found %s".formatted(name, word),
                            e);
                }
            }
            states.put(name, words);
        }
        return states;
    }

    private static List<GameRecord> games(Path file, Fields fields) throws CheckpointException {
        List<GameRecord> games = new ArrayList<>();
        for (JsonNode node : fields.array("games")) {
            if (!(node instanceof ObjectNode object)) {
                throw new CheckpointException(file, "games: expected objects, found " + node.getNodeType());
            }
            Fields game = new Fields(file, object, "games[" + games.size() + "].");
            List<String> moves = new ArrayList<>();
            for (JsonNode move : game.array("moves")) {
                if (!move.isString()) {
                    throw new CheckpointException(
                            file, "games[%d].moves: expected texts, found %s".formatted(games.size(), move));
                }
                moves.add(move.stringValue());
            }
            games.add(new GameRecord(game.text("start"), moves));
        }
        return games;
    }

    /** Typed access to an object's fields; errors name file, field, expected type and what is there. */
    private record Fields(Path file, ObjectNode node, String prefix) {
        List<String> names() {
            return List.copyOf(node.propertyNames());
        }

        JsonNode any(String field) throws CheckpointException {
            JsonNode value = node.get(field);
            if (value == null) {
                throw new CheckpointException(file, "expected a field '" + prefix + field + "', found none");
            }
            return value;
        }

        String text(String field) throws CheckpointException {
            JsonNode value = any(field);
            return require(value.isString(), value, field, "a text").stringValue();
        }

        int integer(String field) throws CheckpointException {
            JsonNode value = any(field);
            boolean fits = value.isIntegralNumber() && value.canConvertToInt();
            return require(fits, value, field, "an integer of 32 bits").intValue();
        }

        long longInteger(String field) throws CheckpointException {
            JsonNode value = any(field);
            boolean fits = value.isIntegralNumber() && value.canConvertToLong() && value.longValue() >= 0;
            return require(fits, value, field, "an integer from 0 on").longValue();
        }

        double number(String field) throws CheckpointException {
            JsonNode value = any(field);
            return require(value.isNumber(), value, field, "a number").doubleValue();
        }

        JsonNode array(String field) throws CheckpointException {
            JsonNode value = any(field);
            return require(value.isArray(), value, field, "an array");
        }

        Fields object(String field) throws CheckpointException {
            if (any(field) instanceof ObjectNode object) {
                return new Fields(file, object, prefix + field + ".");
            }
            throw new CheckpointException(
                    file,
                    "%s%s: expected an object, found %s"
                            .formatted(prefix, field, any(field).getNodeType()));
        }

        private JsonNode require(boolean valid, JsonNode value, String field, String expected)
                throws CheckpointException {
            if (!valid) {
                String found = value.toString();
                throw new CheckpointException(
                        file,
                        "%s%s: expected %s, found %s"
                                .formatted(
                                        prefix,
                                        field,
                                        expected,
                                        found.length() <= 100 ? found : found.substring(0, 100) + "..."));
            }
            return value;
        }
    }
}
