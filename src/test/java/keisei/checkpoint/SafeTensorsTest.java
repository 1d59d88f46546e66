package keisei.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafeTensorsTest {
    @TempDir
    Path directory = Path.of("");

    @Property(tries = 60)
    void whatWasWrittenIsReadBitForBit(
            @ForAll @Size(max = 5) List<@Size(max = 4) List<@IntRange(min = 0, max = 7) Integer>> shapes,
            @ForAll long seed)
            throws IOException {
        Map<String, TensorData> tensors = new LinkedHashMap<>();
        Random random = new Random(seed);
        for (List<Integer> shape : shapes) {
            float[] values = new float[(int) TensorData.count(shape)];
            for (int i = 0; i < values.length; i++) {
                values[i] = Float.intBitsToFloat(random.nextInt());
            }
            tensors.put("a \"name\" \u6b69 " + tensors.size(), new TensorData(shape, values));
        }
        Path file = Files.createTempFile("keisei", ".safetensors");
        try {
            write(file, tensors, Map.of("note", "x"));

            SafeTensors.Contents read = SafeTensors.read(file);

            assertThat(read.tensors()).isEqualTo(tensors);
            assertThat(read.metadata()).isEqualTo(Map.of("note", "x"));
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void tensorsLongerThanTheCopyBufferSurvive() throws IOException {
        float[] values = new float[700_001];
        for (int i = 0; i < values.length; i++) {
            values[i] = i * 0.5f;
        }
        Map<String, TensorData> tensors = Map.of("big", new TensorData(List.of(values.length), values));
        Path file = directory.resolve("big");
        write(file, tensors, Map.of());

        assertThat(SafeTensors.read(file).tensors()).isEqualTo(tensors);
    }

    @Test
    void theBytesAreThoseOfTheFormat() throws IOException {
        Path file = directory.resolve("one");
        write(file, Map.of("w", new TensorData(List.of(2), new float[] {1f, -2f})), Map.of());

        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        String header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        assertThat(bytes.getLong(0)).isEqualTo((header.length() + 7) / 8 * 8);
        assertThat(new String(bytes.array(), 8, header.length(), StandardCharsets.UTF_8))
                .isEqualTo(header);
        assertThat(bytes.getFloat(bytes.limit() - 8)).isEqualTo(1f);
        assertThat(bytes.getFloat(bytes.limit() - 4)).isEqualTo(-2f);
    }

    @Test
    void halfPrecisionIsWidened() throws IOException {
        ByteBuffer data = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
        data.putShort(Float.floatToFloat16(-1.5f)).putShort((short) (Float.floatToIntBits(-3f) >>> 16));
        Path file = raw(
                "{\"h\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]},"
                        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[2,4]}}",
                data.array());

        assertThat(SafeTensors.read(file).tensors())
                .isEqualTo(Map.of(
                        "h", new TensorData(List.of(), new float[] {-1.5f}),
                        "b", new TensorData(List.of(1), new float[] {-3f})));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | 4 | overlaps the one before",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}} | 8 | leaves a gap",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}} | 8 | expected 4 bytes of data, found 8",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 4 | are not inside the 4 bytes of data",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}} | 4 | expected 8 bytes for F32[2], found offsets of 4 bytes",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}} | 4 | expected sizes from 0 on",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[0,4]}} | 4 | too many elements",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}} | 4 | expected offsets from 0 on",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}} | 4 | are not inside",
                "{\"a\":{\"dtype\":\"X9\",\"shape\":[1],\"data_offsets\":[0,4]}} | 4 | expected dtype F32, F16 or BF16, found 'X9'",
                "{\"a\":{\"shape\":[1],\"data_offsets\":[0,4]}} | 4 | expected dtype, shape and two data_offsets",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]},\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}} | 0 | not valid JSON",
                "[1, 2] | 0 | expected the header to be a JSON object",
                "{\"a\": | 0 | not valid JSON",
                "{\"__metadata__\":{\"a\":1}} | 0 | __metadata__.a: expected a text",
            })
    void malformedHeadersAreRefused(String header, int dataBytes, String message) throws IOException {
        Path file = raw(header, new byte[dataBytes]);

        assertThatThrownBy(() -> SafeTensors.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(message);
    }

    @Test
    void headerLengthsBeyondLimitOrFileAreRefusedBeforeMemoryIsTaken() throws IOException {
        Path file = directory.resolve("long");
        for (long length : new long[] {Long.MAX_VALUE, -1, SafeTensors.MAX_HEADER_BYTES + 1, 1}) {
            Files.write(file, header(length, new byte[16]));
            assertThatThrownBy(() -> SafeTensors.read(file))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("expected a header of 2 to");
        }
        Files.write(file, header(1000, new byte[16]));
        assertThatThrownBy(() -> SafeTensors.read(file)).hasMessageContaining("the file ends after 16");
        Files.write(file, new byte[3]);
        assertThatThrownBy(() -> SafeTensors.read(file)).hasMessageContaining("found 3 bytes");
    }

    @Test
    void symbolicLinksAreRefused() throws IOException {
        Path file = raw("{}", new byte[0]);
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);

        assertThat(SafeTensors.read(file).tensors()).isEmpty();
        assertThatThrownBy(() -> SafeTensors.read(link)).hasMessageContaining("symbolic link");
    }

    private Path raw(String header, byte[] data) {
        try {
            byte[] json = header.getBytes(StandardCharsets.UTF_8);
            ByteBuffer rest =
                    ByteBuffer.allocate(json.length + data.length).put(json).put(data);
            Path file = directory.resolve("raw.safetensors");
            Files.write(file, header(json.length, rest.array()));
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] header(long length, byte[] rest) {
        return ByteBuffer.allocate(8 + rest.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put(rest)
                .array();
    }

    private static void write(Path file, Map<String, TensorData> tensors, Map<String, String> metadata)
            throws IOException {
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            SafeTensors.write(out, tensors, metadata);
        }
    }
}
