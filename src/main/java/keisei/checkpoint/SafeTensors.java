package keisei.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The safetensors format: eight bytes little-endian header length, a JSON header
 * {@code {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ..., "__metadata__": {text: text}}}, then the raw
 * little-endian elements, row-major, without gaps or overlaps. Written is float32 only; read are F32, and F16 and BF16
 * widened to float32. Nothing in a file is executed, and nothing is allocated before its size was checked.
 */
public final class SafeTensors {
    /** Longest header that is read or written, in bytes. */
    public static final long MAX_HEADER_BYTES = 100L << 20;

    private static final int CHUNK_BYTES = 1 << 20;
    private static final JsonMapper JSON = new JsonMapper();

    private SafeTensors() {}

    /**
     * A file's contents.
     *
     * @param tensors by name, in the order of their data
     * @param metadata free text by key
     */
    public record Contents(Map<String, TensorData> tensors, Map<String, String> metadata) {}

    /**
     * Writes tensors in the order of the map.
     *
     * @throws IllegalArgumentException when a tensor is named {@code __metadata__}
     */
    public static void write(WritableByteChannel out, Map<String, TensorData> tensors, Map<String, String> metadata)
            throws IOException {
        byte[] header = header(tensors, metadata);
        ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(header.length).flip();
        writeFully(out, buffer);
        writeFully(out, ByteBuffer.wrap(header));
        for (TensorData tensor : tensors.values()) {
            float[] values = tensor.values();
            for (int from = 0; from < values.length; from += CHUNK_BYTES / Float.BYTES) {
                int count = Math.min(CHUNK_BYTES / Float.BYTES, values.length - from);
                buffer.clear();
                buffer.asFloatBuffer().put(values, from, count);
                buffer.limit(count * Float.BYTES);
                writeFully(out, buffer);
            }
        }
    }

    /**
     * Reads a whole file.
     *
     * @throws CheckpointException when the file is not a well-formed safetensors file, or is a symbolic link
     */
    public static Contents read(Path file) throws IOException {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new CheckpointException(file, "expected a regular file, found none (or a symbolic link)");
        }
        try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            long fileBytes = in.size();
            if (fileBytes < Long.BYTES) {
                throw new CheckpointException(
                        file, "expected at least 8 bytes of header length, found " + fileBytes + " bytes");
            }
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            readFully(file, in, length);
            long headerBytes = length.getLong(0);
            if (headerBytes < 2 || headerBytes > MAX_HEADER_BYTES) {
                throw new CheckpointException(
                        file,
                        "expected a header of 2 to %d bytes, found length %s"
                                .formatted(MAX_HEADER_BYTES, Long.toUnsignedString(headerBytes)));
            }
            if (headerBytes > fileBytes - Long.BYTES) {
                throw new CheckpointException(
                        file,
                        "header should have %d bytes, but the file ends after %d"
                                .formatted(headerBytes, fileBytes - Long.BYTES));
            }
            ByteBuffer header = ByteBuffer.allocate((int) headerBytes);
            readFully(file, in, header);
            SafeTensorsHeader parsed =
                    SafeTensorsHeader.parse(file, header.array(), fileBytes - Long.BYTES - headerBytes);
            Map<String, TensorData> tensors = new LinkedHashMap<>();
            ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            for (SafeTensorsHeader.Entry entry : parsed.entries()) {
                tensors.put(entry.name(), new TensorData(entry.shape(), readValues(file, in, entry, buffer)));
            }
            return new Contents(tensors, parsed.metadata());
        }
    }

    private static float[] readValues(Path file, FileChannel in, SafeTensorsHeader.Entry entry, ByteBuffer buffer)
            throws IOException {
        int bytes = entry.dtype().bytes();
        float[] values = new float[entry.count()];
        for (int from = 0; from < values.length; from += CHUNK_BYTES / bytes) {
            int count = Math.min(CHUNK_BYTES / bytes, values.length - from);
            buffer.clear().limit(count * bytes);
            readFully(file, in, buffer);
            buffer.flip();
            switch (entry.dtype()) {
                case F32 -> buffer.asFloatBuffer().get(values, from, count);
                case F16 -> {
                    for (int i = 0; i < count; i++) {
                        values[from + i] = Float.float16ToFloat(buffer.getShort(2 * i));
                    }
                }
                case BF16 -> {
                    for (int i = 0; i < count; i++) {
                        values[from + i] = Float.intBitsToFloat(buffer.getShort(2 * i) << 16);
                    }
                }
            }
        }
        return values;
    }

    private static byte[] header(Map<String, TensorData> tensors, Map<String, String> metadata) {
        ObjectNode root = JSON.createObjectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject(SafeTensorsHeader.METADATA);
            metadata.forEach(node::put);
        }
        long offset = 0;
        for (Map.Entry<String, TensorData> tensor : tensors.entrySet()) {
            if (tensor.getKey().equals(SafeTensorsHeader.METADATA)) {
                throw new IllegalArgumentException("a tensor may not be named " + SafeTensorsHeader.METADATA);
            }
            ObjectNode node = root.putObject(tensor.getKey());
            node.put("dtype", "F32");
            ArrayNode shape = node.putArray("shape");
            tensor.getValue().shape().forEach(shape::add);
            long end = offset + (long) tensor.getValue().values().length * Float.BYTES;
            node.putArray("data_offsets").add(offset).add(end);
            offset = end;
        }
        byte[] json = JSON.writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
        // Spaces up to a multiple of 8, so that the data starts aligned.
        byte[] padded = Arrays.copyOf(json, (json.length + 7) / 8 * 8);
        Arrays.fill(padded, json.length, padded.length, (byte) ' ');
        return padded;
    }

    private static void writeFully(WritableByteChannel out, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
    }

    private static void readFully(Path file, ReadableByteChannel in, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            if (in.read(buffer) < 0) {
                throw new CheckpointException(file, "expected " + buffer.remaining() + " more bytes, found the end");
            }
        }
    }
}
