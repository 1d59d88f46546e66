package keisei.golden;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An array of the NPY 1.0 format (numpy.lib.format): little-endian f4, f8, i8 or bytes, C order; read as doubles.
 *
 * @param shape sizes; empty for a scalar
 * @param values row-major elements
 */
@SuppressWarnings("ArrayRecordComponent")
record Npy(List<Integer> shape, double[] values) {
    private static final Pattern HEADER =
            Pattern.compile("\\{'descr': '([^']*)', 'fortran_order': False, 'shape': \\(([^)]*)\\),? *\\}\\s*");

    static Npy read(String resource) {
        try (InputStream in = Npy.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalArgumentException("no test resource " + resource);
            }
            return parse(resource, ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN));
        } catch (IOException failure) {
            throw new IllegalStateException("cannot read " + resource, failure);
        }
    }

    private static Npy parse(String resource, ByteBuffer bytes) {
        byte[] magic = new byte[8];
        bytes.get(magic);
        String header = StandardCharsets.ISO_8859_1
                .decode(bytes.slice(10, bytes.getShort(8)))
                .toString();
        Matcher matcher = HEADER.matcher(header);
        if ((magic[0] & 0xFF) != 0x93 || magic[6] != 1 || !matcher.matches()) {
            throw new IllegalArgumentException(resource + " is not NPY 1.0 in C order: " + header);
        }
        List<Integer> shape = new ArrayList<>();
        int count = 1;
        for (String size : matcher.group(2).split(",", -1)) {
            if (!size.isBlank()) {
                shape.add(Integer.valueOf(size.strip()));
                count *= shape.getLast();
            }
        }
        int start = 10 + bytes.getShort(8);
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = switch (matcher.group(1)) {
                case "<f4" -> bytes.getFloat(start + 4 * i);
                case "<f8" -> bytes.getDouble(start + 8 * i);
                case "<i8" -> bytes.getLong(start + 8 * i);
                case "|u1" -> bytes.get(start + i) & 0xFF;
                default -> throw new IllegalArgumentException(resource + " has type " + matcher.group(1));
            };
        }
        return new Npy(shape, values);
    }
}
