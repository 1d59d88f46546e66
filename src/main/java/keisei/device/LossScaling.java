package keisei.device;

/**
 * Constants of dynamic loss scaling (Micikevicius et al. 2018): the loss is multiplied by a scale that keeps small half
 * precision gradients from vanishing; a step whose gradient overflows is skipped and lowers the scale.
 *
 * @param initial the first scale
 * @param growth factor after {@code growthInterval} applied steps in a row, more than 1
 * @param backoff factor after an overflow, in (0, 1)
 * @param growthInterval applied steps in a row until the scale grows, at least 1
 * @param minimum the scale never falls below it
 * @param maximum the scale never grows above it
 */
public record LossScaling(
        double initial, double growth, double backoff, int growthInterval, double minimum, double maximum) {
    /** 65536, doubled after 2000 steps, halved on overflow, within [1, 2^24]. */
    public static final LossScaling DYNAMIC = new LossScaling(65536, 2, 0.5, 2000, 1, 1 << 24);

    /** @throws IllegalArgumentException naming the fields that are out of range */
    public LossScaling {
        if (!(minimum > 0 && minimum <= initial && initial <= maximum && maximum <= 1e30)) {
            throw new IllegalArgumentException(
                    "loss scale: initial %s must lie between minimum %s (above 0) and maximum %s (at most 1e30)"
                            .formatted(initial, minimum, maximum));
        }
        if (!(growth > 1) || !(backoff > 0 && backoff < 1) || growthInterval < 1) {
            throw new IllegalArgumentException(
                    "loss scale: growth %s must be above 1, backoff %s in (0, 1), growthInterval %d at least 1"
                            .formatted(growth, backoff, growthInterval));
        }
    }
}
