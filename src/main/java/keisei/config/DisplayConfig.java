package keisei.config;

/**
 * The terminal view.
 *
 * @param live whether there is a live view; auto: on a terminal that can. Without it there is a line an update
 * @param enableBoardDisplay whether the live view shows the board of the first game
 * @param boardUnicodePieces whether pieces are Japanese characters instead of letters
 * @param enableTrendVisualization whether the live view shows trends as sparklines
 * @param sparklineWidth columns of a sparkline
 * @param metricsWindowSize finished games over which rates and mean plies are taken
 */
public record DisplayConfig(
        @Setting(
                value = "auto",
                allowed = {"auto", "always", "never"})
        String live,

        @Setting("true") boolean enableBoardDisplay,
        @Setting("false") boolean boardUnicodePieces,
        @Setting("true") boolean enableTrendVisualization,
        @Setting(value = "30", range = "[5, 200]") int sparklineWidth,
        @Setting(value = "500", range = "[1, 100000]") int metricsWindowSize) {}
