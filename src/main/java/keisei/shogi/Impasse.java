package keisei.shogi;

/** Rule by which the side to move may declare a win with its king in the enemy camp. */
public enum Impasse {
    /** 27-point rule of computer Shogi: Black wins from 28 points, White from 27. */
    CSA27("csa27", 28, 27),
    /** 24-point rule: either side wins from 31 points; fewer points end nothing here. */
    CSA24("csa24", 31, 31),
    /** No declaration; the only choice for Minishogi. */
    NONE("none", Integer.MAX_VALUE, Integer.MAX_VALUE);

    private final String id;
    private final int blackPoints;
    private final int whitePoints;

    Impasse(String id, int blackPoints, int whitePoints) {
        this.id = id;
        this.blackPoints = blackPoints;
        this.whitePoints = whitePoints;
    }

    /** Name in configuration. */
    public String id() {
        return id;
    }

    /** Points from which a color wins by declaring. */
    public int pointsToWin(Color color) {
        return color == Color.BLACK ? blackPoints : whitePoints;
    }

    /** The rule of this name. @throws IllegalArgumentException for another name, listing the allowed ones */
    public static Impasse ofId(String id) {
        return Ids.find("impasse", id, values(), Impasse::id);
    }
}
