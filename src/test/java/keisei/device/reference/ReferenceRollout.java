package keisei.device.reference;

import keisei.device.PlaneProgram;
import keisei.device.RolloutKernels;
import keisei.device.Slice;

final class ReferenceRollout implements RolloutKernels {
    private static final int NO_SQUARE = 255;

    private final ReferenceDevice device;

    ReferenceRollout(ReferenceDevice device) {
        this.device = device;
    }

    @Override
    public void expandPlanes(int batch, PlaneProgram program, Slice packed, Slice out) {
        int spatial = program.height() * program.width();
        int channels = program.channels();
        Operand records = device.bytes(packed, (long) batch * program.recordBytes(), "packed");
        Operand image = device.real(out, (long) batch * spatial * channels, "out");
        for (int n = 0; n < batch; n++) {
            for (int square = 0; square < spatial; square++) {
                for (int c = 0; c < channels; c++) {
                    double value = c < program.planes().size()
                            ? planeValue(program, program.planes().get(c), records, n, square)
                            : 0;
                    image.set((n * spatial + square) * channels + c, value);
                }
            }
        }
    }

    private static double planeValue(
            PlaneProgram program, PlaneProgram.Plane plane, Operand records, int n, int square) {
        int base = n * program.recordBytes();
        return switch (plane) {
            case PlaneProgram.Plane.BoardCode board -> records.getInt(base + square) == board.code() ? 1 : 0;
            case PlaneProgram.Plane.Constant constant -> {
                int field = records.getInt(base + constant.offset());
                if (constant.bytes() == 2) {
                    field += 256 * records.getInt(base + constant.offset() + 1);
                }
                yield Math.min(constant.limit(), field * constant.scale());
            }
            case PlaneProgram.Plane.TopRows top -> square / program.width() < top.rows() ? 1 : 0;
            case PlaneProgram.Plane.Squares squares -> {
                double value = 0;
                for (int i = 0; i < squares.count(); i++) {
                    int named = records.getInt(base + squares.offset() + i);
                    value = named != NO_SQUARE && named == square ? 1 : value;
                }
                yield value;
            }
            case PlaneProgram.Plane.CornerIfAny corner -> {
                double value = 0;
                for (int i = 0; i < corner.count(); i++) {
                    value = square == 0 && records.getInt(base + corner.offset() + i) != 0 ? 1 : value;
                }
                yield value;
            }
            case PlaneProgram.Plane.Zero() -> 0;
        };
    }

    @Override
    public void gatherRows(int rows, int rowLength, Slice source, Slice index, Slice destination) {
        if (source.dtype() != destination.dtype()) {
            throw new IllegalArgumentException("source is %s, destination is %s: the types must be equal"
                    .formatted(source.dtype(), destination.dtype()));
        }
        Operand from = device.any(source, 0, "source");
        Operand indices = device.integers(index, rows, "index");
        Operand to = device.any(destination, (long) rows * rowLength, "destination");
        int available = rowLength == 0 ? 0 : source.length() / rowLength;
        for (int i = 0; i < rows; i++) {
            int row = indices.getInt(i);
            if (row < 0 || row >= available) {
                throw new IllegalArgumentException("index[%d] = %d must lie in [0, %d)".formatted(i, row, available));
            }
            for (int j = 0; j < rowLength; j++) {
                to.set(i * rowLength + j, from.get(row * rowLength + j));
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
        Operand rewards = device.real(reward, count, "reward");
        Operand values = device.real(value, count, "value");
        Operand last = device.real(lastValue, games, "lastValue");
        Operand finals = device.real(finalValue, count, "finalValue");
        Operand ended = device.bytes(terminated, count, "terminated");
        Operand stopped = device.bytes(truncated, count, "truncated");
        Operand advantages = device.real(advantage, count, "advantage");
        Operand targets = device.real(returns, count, "returns");
        for (int n = 0; n < games; n++) {
            double next = 0;
            for (int t = steps - 1; t >= 0; t--) {
                int i = t * games + n;
                boolean isTerminated = ended.get(i) != 0;
                boolean isTruncated = stopped.get(i) != 0;
                double nextValue = t == steps - 1 ? last.get(n) : values.get(i + games);
                double boot = isTerminated ? 0 : sign * (isTruncated ? finals.get(i) : nextValue);
                double delta = rewards.get(i) + gamma * boot - values.get(i);
                next = delta + gamma * lambda * (isTerminated || isTruncated ? 0 : sign * next);
                advantages.set(i, next);
                targets.set(i, next + values.get(i));
            }
        }
    }

    @Override
    public void normalize(Slice x, double epsilon) {
        int count = x.length();
        Operand elements = device.real(x, count, "x");
        if (count < 2) {
            return;
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += elements.get(i);
        }
        double mean = sum / count;
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += (elements.get(i) - mean) * (elements.get(i) - mean);
        }
        double deviation = Math.sqrt(squares / (count - 1));
        for (int i = 0; i < count; i++) {
            elements.set(i, (elements.get(i) - mean) / (deviation + epsilon));
        }
    }
}
