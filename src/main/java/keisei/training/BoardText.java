package keisei.training;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A position as lines of text: pieces as SFEN letters (Black upper case) or as Japanese characters. */
final class BoardText {
    private static final Map<String, String> KANJI = Map.ofEntries(
            Map.entry("P", "歩"),
            Map.entry("L", "香"),
            Map.entry("N", "桂"),
            Map.entry("S", "銀"),
            Map.entry("G", "金"),
            Map.entry("B", "角"),
            Map.entry("R", "飛"),
            Map.entry("K", "玉"),
            Map.entry("+P", "と"),
            Map.entry("+L", "杏"),
            Map.entry("+N", "圭"),
            Map.entry("+S", "全"),
            Map.entry("+B", "馬"),
            Map.entry("+R", "龍"));

    private BoardText() {}

    /** White's hand, the board from Black's side, Black's hand. */
    static List<String> lines(String sfen, boolean japanese) {
        String[] fields = sfen.split(" ", -1);
        List<String> lines = new ArrayList<>();
        lines.add("White's hand: " + hand(fields[2], false));
        for (String row : fields[0].split("/", -1)) {
            StringBuilder line = new StringBuilder();
            String promotion = "";
            for (char c : row.toCharArray()) {
                if (c == '+') {
                    promotion = "+";
                } else if (Character.isDigit(c)) {
                    line.append((japanese ? " ・ " : " . ").repeat(c - '0'));
                } else {
                    line.append(piece(promotion, c, japanese));
                    promotion = "";
                }
            }
            lines.add(line.toString());
        }
        lines.add("Black's hand: " + hand(fields[2], true)
                + (fields[1].equals("b") ? "   Black to move" : "   White to move"));
        return lines;
    }

    private static String piece(String promotion, char letter, boolean japanese) {
        boolean black = Character.isUpperCase(letter);
        if (!japanese) {
            return (promotion.isEmpty() ? " " : promotion) + letter + " ";
        }
        return (black ? " " : "v") + KANJI.get(promotion + Character.toUpperCase(letter)) + " ";
    }

    private static String hand(String text, boolean black) {
        StringBuilder hand = new StringBuilder();
        String count = "";
        for (char c : text.toCharArray()) {
            if (Character.isDigit(c)) {
                count += c;
            } else {
                if (c != '-' && Character.isUpperCase(c) == black) {
                    hand.append(Character.toUpperCase(c)).append(count).append(' ');
                }
                count = "";
            }
        }
        return hand.isEmpty() ? "-" : hand.toString().strip();
    }
}
