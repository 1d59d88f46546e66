package keisei.ppo;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Reads NPY 1.0 files of float32, float64 and bytes from the class path, as doubles. */
final class Npy {
    private Npy() {}

    static double[] read(String resource) {
        try (InputStream in = Npy.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new IllegalArgumentException("no resource " + resource);
            }
            ByteBuffer bytes = ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
            int headerBytes = bytes.getShort(8);
            String header = new String(bytes.array(), 10, headerBytes, StandardCharsets.US_ASCII);
            bytes.position(10 + headerBytes);
            int width = header.contains("<f8") ? 8 : header.contains("<f4") ? 4 : 1;
            if (width == 1 && !header.contains("|u1") && !header.contains("|b1")) {
                throw new IllegalArgumentException(resource + ": unknown type in " + header);
            }
            double[] values = new double[bytes.remaining() / width];
            for (int i = 0; i < values.length; i++) {
                values[i] = width == 8 ? bytes.getDouble() : width == 4 ? bytes.getFloat() : bytes.get();
            }
            return values;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
