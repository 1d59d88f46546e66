package keisei.nn;

import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;

/** The activations of an inference of at most {@code batch} positions: two or three images, whatever the depth. */
final class InferenceMemory implements AutoCloseable {
    private final int batch;
    private final int spatial;
    private final DeviceBuffer buffer;
    private final Slice trunk;
    private final Slice inner;
    private final Slice branch;
    private final Slice headImage;
    private final Slice headRow;
    private final Slice pooled;
    private final Slice hidden;
    private final Slice gate;

    InferenceMemory(Device device, ModelSpec spec, int batch, int headChannels) {
        this.batch = batch;
        this.spatial = spec.spatial();
        int image = Math.multiplyExact(batch * spec.spatial(), spec.towerWidth());
        int head = batch * spec.spatial() * headChannels;
        int channels = batch * spec.towerWidth();
        int bottleneck = batch * spec.seHidden();
        boolean squeezeExcite = bottleneck > 0;
        long imageElements = (squeezeExcite ? 3L : 2L) * image;
        long smallElements = 2L * head + (squeezeExcite ? 2L * channels + bottleneck : 0);
        buffer = device.allocate(device.realType(), Math.toIntExact(imageElements + smallElements), "activations");
        trunk = buffer.all().range(0, image);
        inner = buffer.all().range(image, image);
        branch = buffer.all().range(2 * image, squeezeExcite ? image : 0);
        Slice small = buffer.all().range((int) imageElements, (int) smallElements);
        headImage = small.range(0, head);
        headRow = small.range(head, head);
        Slice rest = small.range(2 * head, small.length() - 2 * head);
        pooled = rest.range(0, squeezeExcite ? channels : 0);
        gate = rest.range(pooled.length(), pooled.length());
        hidden = rest.range(2 * pooled.length(), bottleneck);
    }

    int batch() {
        return batch;
    }

    int spatial() {
        return spatial;
    }

    /** {@code [N, S, S, W]}: what goes from block to block. */
    Slice trunk() {
        return trunk;
    }

    /** {@code [N, S, S, W]}: between a block's convolutions. */
    Slice inner() {
        return inner;
    }

    /** {@code [N, S, S, W]}: ahead of squeeze-and-excitation; empty without it. */
    Slice branch() {
        return branch;
    }

    /** {@code [N, S, S, head]}. */
    Slice headImage() {
        return headImage;
    }

    /** {@code [N, head * S * S]}. */
    Slice headRow() {
        return headRow;
    }

    Slice pooled() {
        return pooled;
    }

    Slice hidden() {
        return hidden;
    }

    Slice gate() {
        return gate;
    }

    @Override
    public void close() {
        buffer.close();
    }
}
