package keisei.golden;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An array from an NPY 1.0 file (format: NumPy Enhancement Proposal 1): row-major, little-endian, of type float32,
 * float64, int64 or uint8; all are exact as doubles here.
 *
 * @param shape the extents; empty for a single number
 * @param values the elements
 */
public record Npy(int[] shape, double[] values) {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
    private static final Pattern HEADER = Pattern.compile(
            "\\{\\s*'descr':\\s*'([^']+)',\\s*'fortran_order':\\s*(\\w+),\\s*'shape':\\s*\\(([^)]*)\\),?\\s*\\}\\s*");

    /** Reads a resource of the test class path. @throws IllegalArgumentException when it is missing or malformed */
    public static Npy resource(String path) {
        try (InputStream stream = Npy.class.getResourceAsStream(path)) {
            if (stream == null) {
                throw new IllegalArgumentException("there is no resource " + path);
            }
            return parse(path, stream.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(path, e);
        }
    }

    static Npy parse(String name, byte[] file) {
        if (file.length < 10 || !Arrays.equals(file, 0, MAGIC.length, MAGIC, 0, MAGIC.length)) {
            throw new IllegalArgumentException(name + " does not start as an NPY 1.0 file");
        }
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        int dataStart = 10 + Short.toUnsignedInt(bytes.getShort(8));
        String header = new String(file, 10, Math.min(dataStart, file.length) - 10, StandardCharsets.US_ASCII);
        Matcher fields = HEADER.matcher(header);
        if (!fields.matches() || !fields.group(2).equals("False")) {
            throw new IllegalArgumentException(
                    "%s has header '%s': expected descr, fortran_order False, shape".formatted(name, header.strip()));
        }
        int[] shape = Pattern.compile(",")
                .splitAsStream(fields.group(3))
                .map(String::strip)
                .filter(extent -> !extent.isEmpty())
                .mapToInt(Integer::parseInt)
                .toArray();
        int count = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        String type = fields.group(1);
        int width = switch (type) {
            case "<f4" -> 4;
            case "<f8", "<i8" -> 8;
            case "|u1" -> 1;
            default ->
                throw new IllegalArgumentException(
                        "%s has type %s: allowed are <f4, <f8, <i8, |u1".formatted(name, type));
        };
        if (file.length - dataStart != (long) count * width) {
            throw new IllegalArgumentException("%s has %d bytes of data, shape %s of %s needs %d"
                    .formatted(name, file.length - dataStart, Arrays.toString(shape), type, (long) count * width));
        }
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            int at = dataStart + i * width;
            values[i] = switch (type) {
                case "<f4" -> bytes.getFloat(at);
                case "<f8" -> bytes.getDouble(at);
                case "<i8" -> bytes.getLong(at);
                default -> Byte.toUnsignedInt(bytes.get(at));
            };
        }
        return new Npy(shape, values);
    }

    /** Extent of one axis. */
    public int extent(int axis) {
        return shape[axis];
    }
}
