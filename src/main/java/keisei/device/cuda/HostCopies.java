package keisei.device.cuda;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Copies between any host memory and the device through pinned memory of its own, so that sources may change as soon
 * as a copy returned. Two pieces take turns: one is filled while the device reads the other.
 */
final class HostCopies implements AutoCloseable {
    private static final long PIECE_BYTES = 2L << 20;

    private final CudaContext context;
    private final CudaStream stream;
    private final Piece[] pieces = new Piece[2];
    private int turn;
    private boolean opened;

    /** Pinned memory, and the mark behind the last copy out of it. */
    private record Piece(PinnedMemory memory, CudaEvent done) {}

    HostCopies(CudaContext context, CudaStream stream) {
        this.context = context;
        this.stream = stream;
    }

    private Piece next() {
        if (!opened) {
            for (int i = 0; i < pieces.length; i++) {
                pieces[i] = new Piece(new PinnedMemory(context, PIECE_BYTES, "host copies"), CudaEvent.forWaiting());
            }
            opened = true;
        }
        turn = 1 - turn;
        Piece piece = pieces[turn];
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
        if (opened) {
            opened = false;
            for (Piece piece : pieces) {
                piece.memory.close();
                piece.done.close();
            }
        }
    }
}
