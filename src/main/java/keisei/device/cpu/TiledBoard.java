package keisei.device.cpu;

import keisei.device.ConvolutionShape;

/**
 * A board cut into 3x3 tiles, the last ones sticking out where a side is no multiple of 3: how boards get into
 * Winograd's transformed domain.
 *
 * @param height rows
 * @param width columns
 */
record TiledBoard(int height, int width) {
    private static final int L = Lanes.COUNT;

    /** The board of a convolution; {@code known} itself where it is the same. */
    static TiledBoard of(TiledBoard known, ConvolutionShape shape) {
        return known.height == shape.height() && known.width == shape.width()
                ? known
                : new TiledBoard(shape.height(), shape.width());
    }

    int tileRows() {
        return Winograd.tilesAlong(height);
    }

    int tileColumns() {
        return Winograd.tilesAlong(width);
    }

    int tiles() {
        return tileRows() * tileColumns();
    }

    /** Segments that channels are transformed in. */
    static int segments(int channels) {
        return (channels + Winograd.SEGMENT - 1) / Winograd.SEGMENT;
    }

    /**
     * Transforms one segment of channels of a board: inputs, or output gradients. With panels of all channels
     * ({@code panel} = their rounded number) the planes are stored by rows.
     *
     * @param board which board of {@code source}
     * @param slot which board of the planes, which hold {@code tiles} tiles
     */
    void transform(
            float[] source,
            int sourceOffset,
            int channels,
            int board,
            int slot,
            int tiles,
            int segment,
            boolean inputs,
            float[] planes,
            int panel,
            Winograd.Scratch own) {
        int from = segment * Winograd.SEGMENT;
        int count = Math.min(Winograd.SEGMENT, channels - from);
        int stride = Lanes.roundUp(count, L);
        int border = inputs ? 1 : 0;
        int tileColumns = tileColumns();
        int columns = 3 * tileColumns + 2 * border;
        float[] padded = own.padded(height, width, count, stride, border);
        int start = sourceOffset + board * height * width * channels;
        Winograd.pad(source, start, height, width, channels, from, count, padded, columns, stride, border);
        int tileRows = tileRows();
        int planeStride = Winograd.planeStride(tiles, Lanes.roundUp(channels, panel == Lanes.PANEL ? panel : L));
        int rowStride = columns * stride;
        for (int tileRow = 0; tileRow < tileRows; tileRow++) {
            for (int tileColumn = 0; tileColumn < tileColumns; tileColumn++) {
                int tile = (slot * tileRows + tileRow) * tileColumns + tileColumn;
                int corner = (3 * tileRow * columns + 3 * tileColumn) * stride;
                for (int c = 0; c < stride; c += L) {
                    int channel = from + c;
                    int to = channel / panel * panel * tiles + tile * panel + channel % panel;
                    if (inputs) {
                        Winograd.inputTile(padded, corner + c, rowStride, stride, planes, to, planeStride, own.tile);
                    } else {
                        Winograd.gradientTile(padded, corner + c, rowStride, stride, planes, to, planeStride, own.tile);
                    }
                }
            }
        }
    }
}
