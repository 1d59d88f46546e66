package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import keisei.device.DType;
import keisei.device.PlaneProgram;
import keisei.device.PlaneProgram.Plane;

/** A plane program in device memory: {@code PlaneInstruction} of {@code rollout.cu}, one a plane. */
final class PlaneTable implements AutoCloseable {
    private static final int INSTRUCTION_BYTES = 32;
    private static final int SCALE_AT = 16;
    private static final int LIMIT_AT = 24;
    private static final int BOARD_CODE = 0;
    private static final int CONSTANT = 1;
    private static final int TOP_ROWS = 2;
    private static final int SQUARES = 3;
    private static final int CORNER_IF_ANY = 4;
    private static final int ZERO = 5;

    private final PlaneProgram program;
    private final CudaBuffer table;

    PlaneTable(CudaRuntime runtime, PlaneProgram program) {
        this.program = program;
        int count = program.planes().size();
        table = runtime.memory().allocate(DType.U8, Math.max(1, count) * INSTRUCTION_BYTES, "plane program");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment host = arena.allocate((long) Math.max(1, count) * INSTRUCTION_BYTES, Double.BYTES);
            for (int i = 0; i < count; i++) {
                write(program.planes().get(i), host.asSlice((long) i * INSTRUCTION_BYTES, INSTRUCTION_BYTES));
            }
            runtime.stream().copyToDevice(host, table.address(), host.byteSize());
            runtime.stream().synchronize();
        }
    }

    private static void write(Plane plane, MemorySegment at) {
        switch (plane) {
            case Plane.BoardCode board -> integers(at, BOARD_CODE, board.code(), 0);
            case Plane.Constant constant -> {
                integers(at, CONSTANT, constant.offset(), constant.bytes());
                at.set(ValueLayout.JAVA_DOUBLE, SCALE_AT, constant.scale());
                at.set(ValueLayout.JAVA_DOUBLE, LIMIT_AT, constant.limit());
            }
            case Plane.TopRows top -> integers(at, TOP_ROWS, top.rows(), 0);
            case Plane.Squares squares -> integers(at, SQUARES, squares.offset(), squares.count());
            case Plane.CornerIfAny corner -> integers(at, CORNER_IF_ANY, corner.offset(), corner.count());
            case Plane.Zero zero -> integers(at, ZERO, 0, 0);
        }
    }

    private static void integers(MemorySegment at, int kind, int first, int second) {
        at.setAtIndex(ValueLayout.JAVA_INT, 0, kind);
        at.setAtIndex(ValueLayout.JAVA_INT, 1, first);
        at.setAtIndex(ValueLayout.JAVA_INT, 2, second);
    }

    /** Whether this is the table of a program. */
    boolean isOf(PlaneProgram other) {
        return program == other || program.equals(other);
    }

    /** Device address of the first instruction. */
    long address() {
        return table.address();
    }

    @Override
    public void close() {
        table.close();
    }
}
