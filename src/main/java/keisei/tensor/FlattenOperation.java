package keisei.tensor;

import java.util.List;
import keisei.device.Device;

final class FlattenOperation extends Operation {
    private final Device device;
    private final int batch;
    private final int spatial;
    private final int channels;
    private final Tensor x;
    private final Tensor y;

    FlattenOperation(Device device, Tensor x, Tensor y) {
        super(List.of(x), List.of(y));
        this.device = device;
        this.batch = x.size(0);
        this.spatial = x.size(1) * x.size(2);
        this.channels = x.size(3);
        this.x = x;
        this.y = y;
    }

    @Override
    void forward() {
        device.elementwise().flattenChannelMajor(batch, spatial, channels, x.value(), y.value());
    }

    @Override
    void backward() {
        device.elementwise()
                .flattenChannelMajorBackward(batch, spatial, channels, y.gradient(), x.gradient(), accumulate(0));
    }
}
