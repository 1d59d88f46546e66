package keisei.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A checked header of a safetensors file.
 *
 * @param entries in the order of their data, gapless from offset 0 to the end of the data
 * @param metadata free text by key
 */
record SafeTensorsHeader(List<Entry> entries, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Element types that can be read. */
    enum ElementType {
        F32(4),
        F16(2),
        BF16(2);

        private final int bytes;

        ElementType(int bytes) {
            this.bytes = bytes;
        }

        int bytes() {
            return bytes;
        }
    }

    /** One tensor: where its bytes are, counted from the start of the data. */
    record Entry(String name, ElementType dtype, List<Integer> shape, int count, long begin, long end) {}

    /** @throws CheckpointException naming the tensor and what is wrong with it */
    static SafeTensorsHeader parse(Path file, byte[] json, long dataBytes) throws CheckpointException {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new CheckpointException(file, "the header is not valid JSON: " + e.getOriginalMessage(), e);
        }
        if (json[0] != '{' || !root.isObject()) {
            throw new CheckpointException(file, "expected the header to be a JSON object, found something else");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : root.properties()) {
            if (property.getKey().equals(METADATA)) {
                readMetadata(file, property.getValue(), metadata);
            } else {
                entries.add(entry(file, property.getKey(), property.getValue(), dataBytes));
            }
        }
        entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long position = 0;
        for (Entry entry : entries) {
            if (entry.begin() != position) {
                throw new CheckpointException(
                        file,
                        "tensor '%s' %s: expected its data at offset %d, found %d"
                                .formatted(
                                        entry.name(),
                                        entry.begin() < position ? "overlaps the one before" : "leaves a gap",
                                        position,
                                        entry.begin()));
            }
            position = entry.end();
        }
        if (position != dataBytes) {
            throw new CheckpointException(file, "expected %d bytes of data, found %d".formatted(position, dataBytes));
        }
        return new SafeTensorsHeader(List.copyOf(entries), metadata);
    }

    private static void readMetadata(Path file, JsonNode node, Map<String, String> metadata)
            throws CheckpointException {
        if (!node.isObject()) {
            throw new CheckpointException(
                    file, METADATA + ": expected an object of texts, found " + node.getNodeType());
        }
        for (Map.Entry<String, JsonNode> property : node.properties()) {
            if (!property.getValue().isString()) {
                throw new CheckpointException(
                        file,
                        METADATA + "." + property.getKey() + ": expected a text, found "
                                + property.getValue().getNodeType());
            }
            metadata.put(property.getKey(), property.getValue().stringValue());
        }
    }

    private static Entry entry(Path file, String name, JsonNode node, long dataBytes) throws CheckpointException {
        String where = "tensor '" + name + "'";
        JsonNode dtypeNode = node.get("dtype");
        JsonNode shapeNode = node.get("shape");
        JsonNode offsets = node.get("data_offsets");
        if (dtypeNode == null
                || shapeNode == null
                || offsets == null
                || !dtypeNode.isString()
                || !shapeNode.isArray()
                || !offsets.isArray()
                || offsets.size() != 2) {
            throw new CheckpointException(
                    file, where + ": expected dtype, shape and two data_offsets, found " + shorten(node.toString()));
        }
        ElementType dtype = dtype(file, where, dtypeNode.stringValue());
        List<Integer> shape = new ArrayList<>();
        long count = 1;
        for (JsonNode size : shapeNode) {
            if (!size.isIntegralNumber() || !size.canConvertToInt() || size.intValue() < 0) {
                throw new CheckpointException(
                        file, where + ": expected sizes from 0 on, found shape " + shorten(shapeNode.toString()));
            }
            shape.add(size.intValue());
            // Sizes and the running product are below 2^31 and 2^33: no overflow.
            count *= size.intValue();
            if (count > Integer.MAX_VALUE - 8) {
                throw new CheckpointException(
                        file, where + ": shape " + shorten(shapeNode.toString()) + " has too many elements");
            }
        }
        long begin = offset(file, where, offsets.get(0));
        long end = offset(file, where, offsets.get(1));
        if (begin > end || end > dataBytes) {
            throw new CheckpointException(
                    file,
                    "%s: offsets [%d, %d) are not inside the %d bytes of data".formatted(where, begin, end, dataBytes));
        }
        if (end - begin != count * dtype.bytes()) {
            throw new CheckpointException(
                    file,
                    "%s: expected %d bytes for %s%s, found offsets of %d bytes"
                            .formatted(where, count * dtype.bytes(), dtype, shape, end - begin));
        }
        return new Entry(name, dtype, List.copyOf(shape), (int) count, begin, end);
    }

    private static ElementType dtype(Path file, String where, String text) throws CheckpointException {
        for (ElementType type : ElementType.values()) {
            if (type.name().equals(text)) {
                return type;
            }
        }
        throw new CheckpointException(file, where + ": expected dtype F32, F16 or BF16, found '" + shorten(text) + "'");
    }

    private static long offset(Path file, String where, JsonNode node) throws CheckpointException {
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < 0) {
            throw new CheckpointException(
                    file, where + ": expected offsets from 0 on, found " + shorten(node.toString()));
        }
        return node.longValue();
    }

    private static String shorten(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "...";
    }
}
