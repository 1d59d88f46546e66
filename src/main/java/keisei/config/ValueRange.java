package keisei.config;

/**
 * An interval of numbers, written as in mathematics: {@code (0, 1]}, {@code [1, inf)}.
 *
 * @param text as it was written
 * @param low lower bound
 * @param lowIncluded whether the lower bound is inside
 * @param high upper bound
 * @param highIncluded whether the upper bound is inside
 */
record ValueRange(String text, double low, boolean lowIncluded, double high, boolean highIncluded) {
    static ValueRange parse(String text) {
        int comma = text.indexOf(',');
        return new ValueRange(
                text,
                number(text.substring(1, comma).trim()),
                text.charAt(0) == '[',
                number(text.substring(comma + 1, text.length() - 1).trim()),
                text.charAt(text.length() - 1) == ']');
    }

    private static double number(String text) {
        return switch (text) {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    boolean contains(double value) {
        return (lowIncluded ? value >= low : value > low) && (highIncluded ? value <= high : value < high);
    }
}
