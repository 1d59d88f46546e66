package keisei.shogi;

/**
 * Rules of a game that are a matter of choice.
 *
 * @param maxPlies plies after which a game that has not ended otherwise is cut off, at least 1
 * @param impasse the rule of declaration
 * @param repetition the meaning of fourfold repetition
 */
public record GameRules(int maxPlies, Impasse impasse, RepetitionRule repetition) {
    /** Checks the limit. @throws IllegalArgumentException when {@code maxPlies} is below 1 */
    public GameRules {
        if (maxPlies < 1) {
            throw new IllegalArgumentException("max_plies is " + maxPlies + ", it must be at least 1");
        }
    }

    /** The usual rules: 27-point declaration for Shogi, none for Minishogi; repetition is a draw. */
    public static GameRules standard(Variant variant, int maxPlies) {
        return new GameRules(maxPlies, variant == Variant.SHOGI ? Impasse.CSA27 : Impasse.NONE, RepetitionRule.DRAW);
    }

    /** Checks that a variant can be played so. @throws IllegalArgumentException for a declaration in Minishogi */
    public void validateFor(Variant variant) {
        if (variant == Variant.MINISHOGI && impasse != Impasse.NONE) {
            throw new IllegalArgumentException(
                    "impasse is \"" + impasse.id() + "\", minishogi has no declaration: allowed is none");
        }
    }
}
