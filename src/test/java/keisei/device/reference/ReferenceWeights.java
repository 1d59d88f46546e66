package keisei.device.reference;

import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PreparedWeights;
import keisei.device.Slice;

/** A copy of the master weights, renewed on first use after {@link #invalidate()} and only then. */
final class ReferenceWeights implements PreparedWeights {
    private final Device device;
    private final Slice master;
    private final DeviceBuffer copy;
    private final Object shape;
    private boolean stale = true;

    /** @param shape what the weights were prepared for; {@link #shape} gives it back */
    ReferenceWeights(Device device, Object shape, Slice master) {
        this.device = device;
        this.shape = shape;
        this.master = master;
        this.copy = device.allocate(device.realType(), master.length(), "prepared weights");
    }

    /** The weights as they were at the last renewal. */
    Slice current() {
        if (stale) {
            device.elementwise().copy(master, copy.all());
            stale = false;
        }
        return copy.all();
    }

    Object shape() {
        return shape;
    }

    @Override
    public void invalidate() {
        stale = true;
    }

    @Override
    public void close() {
        copy.close();
    }
}
