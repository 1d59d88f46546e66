package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Copies between any host memory and the device through pinned memory of its own, so that sources may change as soon
 * as a copy returned. Pieces take turns: some are filled while the device has yet to read the others. There are enough
 * of them for the inputs of two inferences in the queue, so that the second is not held up by the first.
 */
final class HostCopies implements AutoCloseable {
    private static final long PIECE_BYTES = 2L << 20;
    private static final int PIECES = 8;

    private final CudaContext context;
    private final CudaStream stream;
    private final List<Piece> pieces = new ArrayList<>();
    private int turn;

    /** Pinned memory, and the mark behind the last copy out of it. */
    private record Piece(PinnedMemory memory, CudaEvent done) {}

    HostCopies(CudaContext context, CudaStream stream) {
        this.context = context;
        this.stream = stream;
    }

    private Piece next() {
        turn = (turn + 1) % PIECES;
        if (turn >= pieces.size()) {
            turn = pieces.size();
            pieces.add(new Piece(new PinnedMemory(context, PIECE_BYTES, "host copies"), CudaEvent.forWaiting()));
        }
        Piece piece = pieces.get(turn);
        piece.done.synchronize();
        return piece;
    }

    /** Copies to the device; returns when the source may change. */
    void write(MemorySegment source, long destination, long bytes) {
        refuseWhileCapturing();
        for (long at = 0; at < bytes; at += PIECE_BYTES) {
            long count = Math.min(PIECE_BYTES, bytes - at);
            Piece piece = next();
            MemorySegment.copy(source, at, piece.memory.segment(), 0, count);
            stream.copyToDevice(piece.memory.segment(), destination + at, count);
            piece.done.record(stream);
        }
    }

    /** Copies to the host; returns when the bytes are there. */
    void read(long source, MemorySegment destination, long bytes) {
        refuseWhileCapturing();
        @Nullable Piece previous = null;
        long previousAt = 0;
        for (long at = 0; at < bytes; at += PIECE_BYTES) {
            Piece piece = next();
            stream.copyToHost(source + at, piece.memory.segment(), Math.min(PIECE_BYTES, bytes - at));
            piece.done.record(stream);
            take(previous, destination, previousAt, bytes);
            previous = piece;
            previousAt = at;
        }
        take(previous, destination, previousAt, bytes);
    }

    private static void take(@Nullable Piece piece, MemorySegment destination, long at, long bytes) {
        if (piece != null) {
            piece.done.synchronize();
            MemorySegment.copy(piece.memory.segment(), 0, destination, at, Math.min(PIECE_BYTES, bytes - at));
        }
    }

    private void refuseWhileCapturing() {
        if (stream.isCapturing()) {
            throw new CudaException("host memory was copied while work was being recorded, which cannot be replayed");
        }
    }

    @Override
    public void close() {
        for (Piece piece : pieces) {
            piece.memory.close();
            piece.done.close();
        }
        pieces.clear();
    }
}
