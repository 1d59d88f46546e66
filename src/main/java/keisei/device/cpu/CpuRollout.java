package keisei.device.cpu;

import java.util.Arrays;
import keisei.device.PlaneProgram;
import keisei.device.RolloutKernels;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** Planes from packed positions, rows of minibatches, advantages. */
final class CpuRollout implements RolloutKernels {
    private static final int ROWS_PER_TASK = 64;

    private final Operands operands;
    private final Workers workers;
    private final Task expandBoard = this::expandBoard;
    private final Task gatherRange = this::gatherRange;
    private double[] carry = {};

    // The operation in progress.
    private @Nullable PlaneProgram program;
    private byte[] packed = {};
    private int packedOffset;
    private float[] out = Operands.NONE;
    private int outOffset;
    private int rows;
    private int rowLength;
    private Object source = Operands.NONE;
    private int sourceOffset;
    private int[] index = {};
    private int indexOffset;
    private Object destination = Operands.NONE;
    private int destinationOffset;

    CpuRollout(CpuDevice device, Workers workers) {
        operands = device.operands();
        this.workers = workers;
    }

    @Override
    public void expandPlanes(int batch, PlaneProgram program, Slice packed, Slice out) {
        Operands.requireNotNegative("batch", batch);
        int squares = program.height() * program.width();
        this.packed = operands.bytes("packed", packed, (long) batch * program.recordBytes());
        packedOffset = packed.offset();
        this.out = operands.floats("out", out, (long) batch * squares * program.channels());
        outOffset = out.offset();
        this.program = program;
        workers.run(expandBoard, batch);
    }

    private void expandBoard(int board, int worker) {
        PlaneProgram current = program;
        if (current == null) {
            throw new IllegalStateException("no plane program");
        }
        int squares = current.height() * current.width();
        int channels = current.channels();
        int record = packedOffset + board * current.recordBytes();
        int start = outOffset + board * squares * channels;
        Arrays.fill(out, start, start + squares * channels, 0f);
        for (int plane = 0; plane < current.planes().size(); plane++) {
            expand(current, current.planes().get(plane), record, start + plane, squares, channels);
        }
    }

    private void expand(
            PlaneProgram program, PlaneProgram.Plane plane, int record, int first, int squares, int channels) {
        if (plane instanceof PlaneProgram.Plane.BoardCode board) {
            byte code = (byte) board.code();
            for (int square = 0; square < squares; square++) {
                if (packed[record + square] == code) {
                    out[first + square * channels] = 1;
                }
            }
        } else if (plane instanceof PlaneProgram.Plane.Constant constant) {
            int at = record + constant.offset();
            int field = packed[at] & 0xFF;
            if (constant.bytes() == 2) {
                field |= (packed[at + 1] & 0xFF) << 8;
            }
            fill(first, squares, channels, (float) Math.min(constant.limit(), field * constant.scale()));
        } else if (plane instanceof PlaneProgram.Plane.TopRows top) {
            fill(first, Math.min(squares, top.rows() * program.width()), channels, 1);
        } else if (plane instanceof PlaneProgram.Plane.Squares named) {
            for (int i = 0; i < named.count(); i++) {
                int square = packed[record + named.offset() + i] & 0xFF;
                if (square < squares) {
                    out[first + square * channels] = 1;
                }
            }
        } else if (plane instanceof PlaneProgram.Plane.CornerIfAny any) {
            for (int i = 0; i < any.count(); i++) {
                if (packed[record + any.offset() + i] != 0) {
                    out[first] = 1;
                }
            }
        }
    }

    private void fill(int first, int squares, int channels, float value) {
        for (int square = 0; square < squares; square++) {
            out[first + square * channels] = value;
        }
    }

    @Override
    public void gatherRows(int rows, int rowLength, Slice source, Slice index, Slice destination) {
        Operands.requireNotNegative("rows", rows);
        Operands.requirePositive("rowLength", rowLength);
        CpuBuffer from = operands.open("source", source, 0);
        this.index = operands.ints("index", index, rows);
        indexOffset = index.offset();
        long size = (long) rows * rowLength;
        this.source = array(from);
        this.destination = switch (from.dtype()) {
            case F32 -> operands.floats("destination", destination, size);
            case I32 -> operands.ints("destination", destination, size);
            default -> operands.bytes("destination", destination, size);
        };
        int available = source.length() / rowLength;
        for (int i = 0; i < rows; i++) {
            int row = this.index[indexOffset + i];
            if (row < 0 || row >= available) {
                throw new IllegalArgumentException(
                        "index[%d] is %d; source '%s' has rows 0 to %d".formatted(i, row, from.owner(), available - 1));
            }
        }
        this.rows = rows;
        this.rowLength = rowLength;
        sourceOffset = source.offset();
        destinationOffset = destination.offset();
        workers.run(gatherRange, (rows + ROWS_PER_TASK - 1) / ROWS_PER_TASK);
    }

    private static Object array(CpuBuffer buffer) {
        return switch (buffer.dtype()) {
            case F32 -> buffer.floats();
            case I32 -> buffer.ints();
            default -> buffer.bytes();
        };
    }

    private void gatherRange(int chunk, int worker) {
        int to = Math.min(rows, (chunk + 1) * ROWS_PER_TASK);
        for (int i = chunk * ROWS_PER_TASK; i < to; i++) {
            int from = sourceOffset + index[indexOffset + i] * rowLength;
            System.arraycopy(source, from, destination, destinationOffset + i * rowLength, rowLength);
        }
    }

    @Override
    public void gae(
            int steps,
            int games,
            double gamma,
            double lambda,
            double sign,
            Slice reward,
            Slice value,
            Slice lastValue,
            Slice finalValue,
            Slice terminated,
            Slice truncated,
            Slice advantage,
            Slice returns) {
        Operands.requireNotNegative("steps", steps);
        Operands.requireNotNegative("games", games);
        long size = (long) steps * games;
        float[] rewards = operands.floats("reward", reward, size);
        float[] values = operands.floats("value", value, size);
        float[] lastValues = operands.floats("lastValue", lastValue, games);
        float[] finalValues = operands.floats("finalValue", finalValue, size);
        byte[] ended = operands.bytes("terminated", terminated, size);
        byte[] stopped = operands.bytes("truncated", truncated, size);
        float[] advantages = operands.floats("advantage", advantage, size);
        float[] targets = operands.floats("returns", returns, size);
        if (carry.length < games) {
            carry = new double[games];
        }
        Arrays.fill(carry, 0, games, 0);
        for (int t = steps - 1; t >= 0; t--) {
            for (int g = 0; g < games; g++) {
                int i = t * games + g;
                boolean isTerminated = ended[terminated.offset() + i] != 0;
                boolean isTruncated = stopped[truncated.offset() + i] != 0;
                double next;
                if (isTerminated) {
                    next = 0;
                } else if (isTruncated) {
                    next = sign * finalValues[finalValue.offset() + i];
                } else if (t == steps - 1) {
                    next = sign * lastValues[lastValue.offset() + g];
                } else {
                    next = sign * values[value.offset() + i + games];
                }
                double v = values[value.offset() + i];
                double later = isTerminated || isTruncated ? 0 : sign * carry[g];
                double a = rewards[reward.offset() + i] + gamma * next - v + gamma * lambda * later;
                carry[g] = a;
                advantages[advantage.offset() + i] = (float) a;
                targets[returns.offset() + i] = (float) (a + v);
            }
        }
    }

    @Override
    public void normalize(Slice x, double epsilon) {
        float[] values = operands.floats("x", x, 0);
        int n = x.length();
        if (n < 2) {
            return;
        }
        int from = x.offset();
        double sum = 0;
        for (int i = 0; i < n; i++) {
            sum += values[from + i];
        }
        double mean = sum / n;
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double d = values[from + i] - mean;
            squares += d * d;
        }
        double divisor = Math.sqrt(squares / (n - 1)) + epsilon;
        for (int i = 0; i < n; i++) {
            values[from + i] = (float) ((values[from + i] - mean) / divisor);
        }
    }
}
