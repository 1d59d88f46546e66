package keisei.golden;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PreparedWeights;
import keisei.device.Slice;

/** A device with host arrays going in and out; closes what it allocated, then the device, which checks for leaks. */
public final class DeviceRig implements AutoCloseable {
    private final Device device;
    private final List<DeviceBuffer> buffers = new ArrayList<>();
    private final List<PreparedWeights> prepared = new ArrayList<>();

    /** Takes the device over. */
    public DeviceRig(Device device) {
        this.device = device;
    }

    /** The device. */
    public Device device() {
        return device;
    }

    /** Real numbers on the device. */
    public Slice real(double... values) {
        Slice slice = allocate(device.realType(), values.length);
        if (device.realType() == DType.F64) {
            device.write(slice, MemorySegment.ofArray(values));
        } else {
            float[] narrow = new float[values.length];
            for (int i = 0; i < values.length; i++) {
                narrow[i] = (float) values[i];
            }
            device.write(slice, MemorySegment.ofArray(narrow));
        }
        return slice;
    }

    /** For results that are added to. */
    public Slice zeros(int length) {
        return allocate(device.realType(), length);
    }

    /** For results that are overwritten: NaN, so that whatever is read of it shows. */
    public Slice garbage(int length) {
        double[] values = new double[length];
        Arrays.fill(values, Double.NaN);
        return real(values);
    }

    /** I32 numbers on the device. */
    public Slice integers(int... values) {
        Slice slice = allocate(DType.I32, values.length);
        device.write(slice, MemorySegment.ofArray(values));
        return slice;
    }

    /** A mask {@code [rows, actions]} of zeros and ones as rows of 32-bit words. */
    public Slice mask(Npy legal) {
        int rows = legal.extent(0);
        int actions = legal.extent(1);
        int words = (actions + 31) / 32;
        int[] bits = new int[rows * words];
        for (int i = 0; i < rows * actions; i++) {
            if (legal.values()[i] != 0) {
                bits[i / actions * words + i % actions / 32] |= 1 << (i % actions % 32);
            }
        }
        return integers(bits);
    }

    /** Closes weights with the rig. */
    public PreparedWeights closing(PreparedWeights weights) {
        prepared.add(weights);
        return weights;
    }

    /** Real numbers back on the host. */
    public double[] read(Slice slice) {
        double[] values = new double[slice.length()];
        if (device.realType() == DType.F64) {
            device.read(slice, MemorySegment.ofArray(values));
        } else {
            float[] narrow = new float[slice.length()];
            device.read(slice, MemorySegment.ofArray(narrow));
            for (int i = 0; i < narrow.length; i++) {
                values[i] = narrow[i];
            }
        }
        return values;
    }

    private Slice allocate(DType dtype, int length) {
        DeviceBuffer buffer = device.allocate(dtype, length, "golden");
        buffers.add(buffer);
        return buffer.all();
    }

    @Override
    public void close() {
        prepared.forEach(PreparedWeights::close);
        buffers.forEach(DeviceBuffer::close);
        device.close();
    }

    /** {@code [N, C, spatial]} to {@code [N, spatial, C]}; also {@code [K, C, R, S]} to {@code [K, R, S, C]}. */
    public static double[] channelsLast(int batch, int channels, int spatial, double[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int square = i % spatial;
            int channel = i / spatial % channels;
            int image = i / spatial / channels;
            result[(image * spatial + square) * channels + channel] = values[i];
        }
        return checked(result, batch, channels, spatial);
    }

    /** The inverse of {@link #channelsLast}. */
    public static double[] channelsFirst(int batch, int channels, int spatial, double[] values) {
        double[] result = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            int channel = i % channels;
            int square = i / channels % spatial;
            int image = i / channels / spatial;
            result[(image * channels + channel) * spatial + square] = values[i];
        }
        return checked(result, batch, channels, spatial);
    }

    private static double[] checked(double[] values, int batch, int channels, int spatial) {
        if (values.length != batch * channels * spatial) {
            throw new IllegalArgumentException(
                    "%d elements are not %d x %d x %d".formatted(values.length, batch, channels, spatial));
        }
        return values;
    }
}
