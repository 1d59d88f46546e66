package keisei.shogi.notation;

/** A text that cannot be read: the message shows the text with the place marked. */
public final class NotationException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int offset;

    NotationException(String text, int offset, String problem) {
        super(problem + " at character " + (offset + 1) + " of \"" + mark(text, offset) + "\"");
        this.offset = offset;
    }

    /** Index of the offending character in the text, the text's length when something is missing at its end. */
    public int offset() {
        return offset;
    }

    private static String mark(String text, int offset) {
        int at = Math.min(offset, text.length());
        return text.substring(0, at) + ">>" + text.substring(at);
    }
}
