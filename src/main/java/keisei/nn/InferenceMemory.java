package keisei.nn;

import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/** The activations of an inference of at most {@code batch} positions: two or three images, whatever the depth. */
final class InferenceMemory implements AutoCloseable {
    private final int batch;
    private final int spatial;
    private final int actions;
    private final DeviceBuffer images;
    private final DeviceBuffer rows;
    private final Slice trunk;
    private final Slice inner;
    private final Slice branch;
    private final Slice headImage;
    private final Slice headRow;
    private final @Nullable Slice logits;
    private final Slice pooled;
    private final Slice hidden;
    private final Slice gate;

    /** @param logitsImage whether the policy head makes an image of logits that is then converted */
    InferenceMemory(Device device, ModelSpec spec, int batch, int headChannels, boolean logitsImage) {
        this.batch = batch;
        this.spatial = spec.spatial();
        this.actions = spec.actions();
        int image = Math.multiplyExact(batch * spec.spatial(), spec.towerWidth());
        int head = batch * spec.spatial() * headChannels;
        int channels = batch * spec.towerWidth();
        int bottleneck = batch * spec.seHidden();
        boolean squeezeExcite = bottleneck > 0;
        boolean converts = logitsImage && device.activationType() != device.realType();
        long imageElements = (squeezeExcite ? 3L : 2L) * image;
        long logitElements = converts ? (long) batch * spec.actions() : 0;
        images = device.allocate(
                device.activationType(), Math.toIntExact(imageElements + 2L * head + logitElements), "activations");
        rows = Construction.orClose(
                () -> device.allocate(device.realType(), squeezeExcite ? 2 * channels + bottleneck : 1, "activations"),
                images);
        Slice all = images.all();
        trunk = all.range(0, image);
        inner = all.range(image, image);
        branch = all.range(2 * image, squeezeExcite ? image : 0);
        headImage = all.range((int) imageElements, head);
        headRow = all.range((int) imageElements + head, head);
        logits = converts ? all.range((int) imageElements + 2 * head, (int) logitElements) : null;
        pooled = rows.all().range(0, squeezeExcite ? channels : 0);
        gate = rows.all().range(pooled.length(), pooled.length());
        hidden = rows.all().range(2 * pooled.length(), bottleneck);
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

    /** {@code [N, A]} in the activation type; null where logits need no conversion. */
    @Nullable
    Slice logitsImage(int count) {
        return logits == null ? null : logits.range(0, count * actions);
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
        images.close();
        rows.close();
    }
}
