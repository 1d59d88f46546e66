package keisei.nn;

import org.jspecify.annotations.Nullable;

/**
 * What a model is built from.
 *
 * @param modelType registered name: resnet, dummy, testmodel, resumemodel, or a user's own
 * @param inputChannels feature planes; images are padded to {@link #paddedChannels()}
 * @param boardSize rows and columns
 * @param actions size of the action space
 * @param towerDepth residual blocks
 * @param towerWidth channels of the tower
 * @param seRatio bottleneck of squeeze-and-excitation as a fraction of the width; null or 0: none
 */
public record ModelSpec(
        String modelType,
        int inputChannels,
        int boardSize,
        int actions,
        int towerDepth,
        int towerWidth,
        @Nullable Double seRatio) {
    /** @throws IllegalArgumentException naming every field that is out of range */
    public ModelSpec {
        StringBuilder problems = new StringBuilder();
        check(problems, "inputChannels", inputChannels, 1, 1024);
        check(problems, "boardSize", boardSize, 1, 32);
        check(problems, "actions", actions, 1, 1 << 20);
        check(problems, "towerDepth", towerDepth, 1, 256);
        check(problems, "towerWidth", towerWidth, 1, 4096);
        if (seRatio != null && !(seRatio >= 0 && seRatio <= 1)) {
            problems.append(" seRatio ").append(seRatio).append(" is not in [0, 1];");
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("model:" + problems);
        }
    }

    private static void check(StringBuilder problems, String field, int value, int min, int max) {
        if (value < min || value > max) {
            problems.append(" %s %d is not in [%d, %d];".formatted(field, value, min, max));
        }
    }

    /** Channels of the input image {@code [N, S, S, paddedChannels]}: the planes rounded up to a multiple of 8. */
    public int paddedChannels() {
        return (inputChannels + 7) / 8 * 8;
    }

    /** Width of the squeeze-and-excitation bottleneck, max(1, int(width * ratio)); 0 without. */
    public int seHidden() {
        return seRatio == null || seRatio == 0 ? 0 : Math.max(1, (int) (towerWidth * seRatio));
    }

    /** Squares of the board. */
    public int spatial() {
        return boardSize * boardSize;
    }
}
