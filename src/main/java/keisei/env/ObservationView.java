package keisei.env;

/** How White's observations are turned. Moves and masks are in perspective space in either view. */
public enum ObservationView {
    /** The board is rotated so that the mover plays toward row 0: what every training run uses. */
    RELATIVE,
    /**
     * The board stays as Black sees it while actions are rotated. Observation and action then disagree for White;
     * this exists to measure what that mistake costs.
     */
    ABSOLUTE
}
