package keisei.tensor;

/**
 * What the batch norms of a model's tapes use; looked up at each run, so that one recording serves both. Not
 * thread-safe.
 */
public final class NormalizationMode {
    private boolean batchStatistics;
    private double momentum;

    /** Uses the running statistics, as constants. */
    public void useRunning() {
        batchStatistics = false;
    }

    /** Uses the batch's statistics and moves the running ones toward them by {@code momentum} in each forward. */
    public void useBatch(double momentum) {
        if (!(momentum >= 0 && momentum <= 1)) {
            throw new IllegalArgumentException("momentum " + momentum + " is not in [0, 1]");
        }
        batchStatistics = true;
        this.momentum = momentum;
    }

    /** Whether the batch's statistics are used. */
    public boolean batchStatistics() {
        return batchStatistics;
    }

    /** How far running statistics move in a forward with the batch's statistics. */
    public double momentum() {
        return momentum;
    }
}
