package keisei.golden;

import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;
import keisei.tensor.HostTransfer;
import keisei.tensor.Tape;
import keisei.tensor.TapeMemory;
import keisei.tensor.Tensor;

/** Device memory of one test, closed with it. */
public final class Workbench implements AutoCloseable {
    private final Device device;
    private final TapeMemory memory;
    private final List<DeviceBuffer> buffers = new ArrayList<>();

    public Workbench(Device device) {
        this.device = device;
        this.memory = new TapeMemory(device);
    }

    public Device device() {
        return device;
    }

    public Tape tape() {
        return new Tape(memory);
    }

    public Slice zeros(int count) {
        return keep(device.allocate(device.realType(), count, "test"));
    }

    public Slice reals(double... values) {
        Slice slice = zeros(values.length);
        HostTransfer.write(slice, values);
        return slice;
    }

    /** Values in the device's activation type. */
    public Slice activations(double... values) {
        Slice slice = keep(device.allocate(device.activationType(), values.length, "test"));
        HostTransfer.write(slice, values);
        return slice;
    }

    public Slice ints(int... values) {
        Slice slice = keep(device.allocate(DType.I32, values.length, "test"));
        HostTransfer.write(slice, values);
        return slice;
    }

    public Slice bytes(double... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        Slice slice = keep(device.allocate(DType.U8, bytes.length, "test"));
        HostTransfer.write(slice, bytes);
        return slice;
    }

    /** A parameter with a gradient of 0. */
    public Tensor parameter(double[] values, Integer... shape) {
        return Tensor.parameter(reals(values), zeros(values.length), shape);
    }

    public static double[] read(Slice slice) {
        return HostTransfer.readDoubles(slice);
    }

    private Slice keep(DeviceBuffer buffer) {
        buffers.add(buffer);
        return buffer.all();
    }

    @Override
    public void close() {
        memory.close();
        buffers.forEach(DeviceBuffer::close);
    }
}
