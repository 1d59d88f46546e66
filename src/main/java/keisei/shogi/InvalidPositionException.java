package keisei.shogi;

/** A set-up that is no position of the game: the message names the rule, {@link #square} the place. */
public final class InvalidPositionException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int square;

    /**
     * @param square row-major square of the offending piece, or -1 when the fault has no single place
     * @param message what is wrong and what is allowed
     */
    public InvalidPositionException(int square, String message) {
        super(message);
        this.square = square;
    }

    /** Row-major square of the offending piece, or -1. */
    public int square() {
        return square;
    }
}
