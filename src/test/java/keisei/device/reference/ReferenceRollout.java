package keisei.device.reference;

import keisei.device.PlaneProgram;
import keisei.device.PlaneProgram.Plane;
import keisei.device.RolloutKernels;
import keisei.device.Slice;

final class ReferenceRollout implements RolloutKernels {
    private final Operands operands;

    ReferenceRollout(Operands operands) {
        this.operands = operands;
    }

    @Override
    public void expandPlanes(int batch, PlaneProgram program, Slice packed, Slice out) {
        byte[] records = operands.bytes("packed", packed, (long) batch * program.recordBytes());
        int spatial = program.height() * program.width();
        Reals image = operands.reals("out", out, (long) batch * spatial * program.channels());
        for (int n = 0; n < batch; n++) {
            int start = packed.offset() + n * program.recordBytes();
            for (int square = 0; square < spatial; square++) {
                for (int c = 0; c < program.channels(); c++) {
                    double value = c < program.planes().size()
                            ? plane(program, program.planes().get(c), records, start, square)
                            : 0;
                    image.set((n * spatial + square) * program.channels() + c, value);
                }
            }
        }
    }

    private static double plane(PlaneProgram program, Plane plane, byte[] records, int start, int square) {
        return switch (plane) {
            case Plane.BoardCode(int code) -> (records[start + square] & 0xFF) == code ? 1 : 0;
            case Plane.Constant(int offset, int bytes, double scale, double limit) -> {
                int field = records[start + offset] & 0xFF;
                if (bytes == 2) {
                    field |= (records[start + offset + 1] & 0xFF) << 8;
                }
                yield Math.min(limit, field * scale);
            }
            case Plane.TopRows(int rows) -> square / program.width() < rows ? 1 : 0;
            case Plane.Squares(int offset, int count) -> {
                double found = 0;
                for (int i = 0; i < count; i++) {
                    int named = records[start + offset + i] & 0xFF;
                    if (named == square && named != 255) {
                        found = 1;
                    }
                }
                yield found;
            }
            case Plane.CornerIfAny(int offset, int count) -> {
                double found = 0;
                for (int i = 0; i < count; i++) {
                    if (square == 0 && records[start + offset + i] != 0) {
                        found = 1;
                    }
                }
                yield found;
            }
            case Plane.Zero() -> 0;
        };
    }

    @Override
    public void gatherRows(int rows, int rowLength, Slice source, Slice index, Slice destination) {
        int[] from = operands.ints("index", index, rows);
        ReferenceBuffer in = operands.open("source", source);
        ReferenceBuffer out = operands.open("destination", destination);
        if (in.dtype() != out.dtype()) {
            throw new IllegalArgumentException("gather from %s to %s".formatted(in.dtype(), out.dtype()));
        }
        if (destination.length() < (long) rows * rowLength) {
            throw new IllegalArgumentException("operand 'destination' has %d elements, the shape needs %d"
                    .formatted(destination.length(), (long) rows * rowLength));
        }
        operands.disjoint("destination", destination, "source", source);
        for (int i = 0; i < rows; i++) {
            int row = from[index.offset() + i];
            if (row < 0 || (row + 1L) * rowLength > source.length()) {
                throw new IllegalArgumentException("index[%d] = %d, the source has %d rows of %d"
                        .formatted(i, row, source.length() / Math.max(1, rowLength), rowLength));
            }
            for (int j = 0; j < rowLength; j++) {
                int read = source.offset() + row * rowLength + j;
                int write = destination.offset() + i * rowLength + j;
                switch (in.dtype()) {
                    case F64 -> out.reals()[write] = in.reals()[read];
                    case I32 -> out.ints()[write] = in.ints()[read];
                    default -> out.bytes()[write] = in.bytes()[read];
                }
            }
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
        long count = (long) steps * games;
        Reals rewards = operands.reals("reward", reward, count);
        Reals values = operands.reals("value", value, count);
        Reals last = operands.reals("lastValue", lastValue, games);
        Reals finals = operands.reals("finalValue", finalValue, count);
        byte[] ends = operands.bytes("terminated", terminated, count);
        byte[] cuts = operands.bytes("truncated", truncated, count);
        Reals advantages = operands.reals("advantage", advantage, count);
        Reals targets = operands.reals("returns", returns, count);
        for (int g = 0; g < games; g++) {
            double carried = 0;
            double next = last.get(g);
            for (int t = steps - 1; t >= 0; t--) {
                int i = t * games + g;
                boolean end = ends[terminated.offset() + i] != 0;
                boolean cut = cuts[truncated.offset() + i] != 0;
                double bootstrap = end ? 0 : sign * (cut ? finals.get(i) : next);
                double delta = rewards.get(i) + gamma * bootstrap - values.get(i);
                carried = delta + gamma * lambda * (end || cut ? 0 : sign * carried);
                next = values.get(i);
                advantages.set(i, carried);
                targets.set(i, carried + next);
            }
        }
    }

    @Override
    public void normalize(Slice x, double epsilon) {
        Reals values = operands.reals("x", x, x.length());
        int count = x.length();
        if (count < 2) {
            return;
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += values.get(i);
        }
        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += (values.get(i) - mean) * (values.get(i) - mean);
        }
        double deviation = Math.sqrt(squares / (count - 1));
        for (int i = 0; i < count; i++) {
            values.set(i, (values.get(i) - mean) / (deviation + epsilon));
        }
    }
}
