package keisei.shogi;

/** What the fourth occurrence of a position means when no side gave check all along. */
public enum RepetitionRule {
    /** A draw. */
    DRAW("draw"),
    /** Black loses, the usual tournament rule of Minishogi. */
    FIRST_PLAYER_LOSES("first_player_loses");

    private final String id;

    RepetitionRule(String id) {
        this.id = id;
    }

    /** Name in configuration. */
    public String id() {
        return id;
    }

    /** The rule of this name. @throws IllegalArgumentException for another name, listing the allowed ones */
    public static RepetitionRule ofId(String id) {
        return Ids.find("repetition", id, values(), RepetitionRule::id);
    }
}
