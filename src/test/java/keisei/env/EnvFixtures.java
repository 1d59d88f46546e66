package keisei.env;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import keisei.random.RandomStream;
import keisei.shogi.GameRules;
import keisei.shogi.Impasse;
import keisei.shogi.RepetitionRule;
import keisei.shogi.Variant;

/** What tests of the environment share. */
final class EnvFixtures {
    private EnvFixtures() {}

    static GameRules rules(int maxPlies) {
        return new GameRules(maxPlies, Impasse.NONE, RepetitionRule.DRAW);
    }

    static EnvSettings settings(Variant variant, String actions, int games, int threads, GameRules rules) {
        return new EnvSettings(
                variant,
                rules,
                FeatureSpec.of("core46", variant, rules.maxPlies()),
                ActionSpaces.byName(actions, variant),
                games,
                threads);
    }

    static MemorySegment packedFor(VecShogiEnv env) {
        return MemorySegment.ofArray(new byte[env.games() * env.recordBytes()]);
    }

    static MemorySegment masksFor(VecShogiEnv env) {
        return MemorySegment.ofArray(new int[env.games() * env.maskWords()]);
    }

    /** A legal action a game, drawn from the masks. */
    static void drawActions(VecShogiEnv env, MemorySegment masks, RandomStream random, int[] actions) {
        for (int game = 0; game < env.games(); game++) {
            int legal = 0;
            int chosen = -1;
            for (int word = 0; word < env.maskWords(); word++) {
                int bits = masks.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, (long) game * env.maskWords() + word);
                while (bits != 0) {
                    if (random.nextInt(++legal) == 0) {
                        chosen = word * 32 + Integer.numberOfTrailingZeros(bits);
                    }
                    bits &= bits - 1;
                }
            }
            actions[game] = chosen;
        }
    }

    /** SFEN of the position rotated by 180 degrees with colours swapped. */
    static String twin(String sfen) {
        String[] fields = sfen.split(" ");
        StringBuilder board = new StringBuilder();
        String rows = fields[0];
        for (int i = rows.length() - 1; i >= 0; i--) {
            boolean promoted = i > 0 && rows.charAt(i - 1) == '+';
            if (promoted) {
                board.append('+');
            }
            board.append(swapCase(rows.charAt(i)));
            if (promoted) {
                i--;
            }
        }
        StringBuilder ours = new StringBuilder();
        StringBuilder theirs = new StringBuilder();
        StringBuilder count = new StringBuilder();
        for (char c : fields[2].toCharArray()) {
            if (Character.isDigit(c)) {
                count.append(c);
            } else if (c != '-') {
                (Character.isLowerCase(c) ? ours : theirs).append(count).append(swapCase(c));
                count.setLength(0);
            }
        }
        String hands = ours.append(theirs).isEmpty() ? "-" : ours.toString();
        return board + (fields[1].equals("b") ? " w " : " b ") + hands + " " + fields[3];
    }

    private static char swapCase(char c) {
        return Character.isUpperCase(c) ? Character.toLowerCase(c) : Character.toUpperCase(c);
    }
}
