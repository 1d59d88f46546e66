package keisei.shogi;

/** How a game stands or ended. When several hold after the same ply, the earlier constant decides. */
public enum Ending {
    /** The game goes on. */
    ONGOING,
    /** The side to move is in check and has no legal move: it loses. */
    CHECKMATE,
    /** The side to move is not in check and has no legal move: it loses. */
    NO_LEGAL_MOVE,
    /** Fourfold repetition in which one side only gave check: that side loses. */
    PERPETUAL_CHECK,
    /** Fourfold repetition otherwise. */
    REPETITION,
    /** The side to move may declare: it wins. */
    DECLARATION,
    /** The limit of plies is reached; a cut-off, not a result. */
    MAX_PLIES
}
