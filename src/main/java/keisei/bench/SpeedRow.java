package keisei.bench;

/**
 * One line of the speed table.
 *
 * @param what what was measured, with its sizes
 * @param rate how many units a second
 * @param unit what is counted, e.g. {@code positions/s}
 * @param note what the rate means on this machine: GFLOP/s and share of the peak, or empty
 */
public record SpeedRow(String what, double rate, String unit, String note) {
    /** A line without a note. */
    public SpeedRow(String what, double rate, String unit) {
        this(what, rate, unit, "");
    }
}
