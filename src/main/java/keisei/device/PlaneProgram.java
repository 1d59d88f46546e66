package keisei.device;

import java.util.List;

/**
 * How packed records become image planes: one instruction a plane. A record is {@code recordBytes} bytes; its first
 * {@code height * width} bytes are a board of codes in row-major order, the rest are fields named by byte offset.
 *
 * @param height board rows
 * @param width board columns
 * @param recordBytes distance between records
 * @param channels channels of the output image, at least the number of planes; the surplus is 0
 * @param planes one instruction a plane, in channel order
 */
public record PlaneProgram(int height, int width, int recordBytes, int channels, List<Plane> planes) {
    /** Copies the list. @throws IllegalArgumentException when there are more planes than channels */
    public PlaneProgram {
        planes = List.copyOf(planes);
        if (planes.size() > channels) {
            throw new IllegalArgumentException(planes.size() + " planes do not fit " + channels + " channels");
        }
    }

    /** One plane's content. */
    public sealed interface Plane {
        /** 1 where the board holds {@code code}, else 0. */
        record BoardCode(int code) implements Plane {}

        /**
         * Everywhere {@code min(limit, field * scale)}; the field is an unsigned little-endian number of
         * {@code bytes} (1 or 2) bytes at {@code offset}.
         */
        record Constant(int offset, int bytes, double scale, double limit) implements Plane {}

        /** 1 on the first {@code rows} rows, else 0. */
        record TopRows(int rows) implements Plane {}

        /** 1 on each square named by one of {@code count} bytes from {@code offset} on; 255 names none. */
        record Squares(int offset, int count) implements Plane {}

        /** 1 on square 0 when any of {@code count} bytes from {@code offset} on is not 0; else 0. */
        record CornerIfAny(int offset, int count) implements Plane {}

        /** 0 everywhere. */
        record Zero() implements Plane {}
    }
}
