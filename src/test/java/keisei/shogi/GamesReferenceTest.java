package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class GamesReferenceTest {
    private static final int NO_LIMIT = 100_000;

    @Test
    void sampledGamesEndAsTheReferencesSay() {
        assertThat(check(ReferenceData.sample("games.jsonl"))).isGreaterThan(40);
    }

    @Test
    @Tag("slow")
    void allGamesEndAsTheReferencesSay() {
        assertThat(check(ReferenceData.whole("games.jsonl"))).isGreaterThan(200);
    }

    private static int check(List<String> lines) {
        int[] moves = new int[Position.MAX_MOVES];
        for (String line : lines) {
            JsonNode row = ReferenceData.json(line);
            String id = row.get("id").asString();
            String end = row.get("end").asString();
            boolean declaring = end.equals("declaration_possible_27");
            int limit = end.equals("max_ply") ? row.get("max_ply").asInt() : NO_LIMIT;
            Game game = new Game(
                    Variant.SHOGI, new GameRules(limit, declaring ? Impasse.CSA27 : Impasse.NONE, RepetitionRule.DRAW));
            String start = row.get("start").asString();
            if (!start.equals("startpos")) {
                game.reset(Sfen.parse(Variant.SHOGI, start));
            }
            String[] played = row.get("moves").asString().split(" ");
            Set<Integer> declarations27 = plies(row.get("decl27_win_plies"));
            Set<Integer> declarations24 = plies(row.get("decl24_win_plies"));
            for (int ply = 0; ply <= played.length; ply++) {
                String where = id + " ply " + ply;
                Position position = game.position();
                assertThat(game.legalMoveCount())
                        .as("moves of %s", where)
                        .isEqualTo(row.get("n_legal").get(ply).asInt());
                int count = position.legalMoves(moves);
                assertThat(ReferenceData.hash(Variant.SHOGI, moves, count, 8))
                        .as("moves of %s", where)
                        .isEqualTo(row.get("legal_sha8").get(ply).asString());
                assertThat(game.inCheck())
                        .as("check of %s", where)
                        .isEqualTo(row.get("check").asString().charAt(ply) == '1')
                        .isEqualTo(position.inCheck());
                assertThat(Declaration.canDeclare(position, Impasse.CSA27))
                        .as("27 points, %s", where)
                        .isEqualTo(declarations27.contains(ply));
                assertThat(Declaration.canDeclare(position, Impasse.CSA24))
                        .as("24 points, %s", where)
                        .isEqualTo(declarations24.contains(ply));
                if (ply < played.length) {
                    assertThat(game.outcome()).as("outcome of %s", where).isEqualTo(Outcome.ONGOING);
                    game.play(Usi.parseMove(Variant.SHOGI, played[ply]));
                }
            }
            assertThat(game.outcome().ending()).as("ending of %s", id).isEqualTo(ending(end));
            JsonNode winner = row.get("winner");
            assertThat(game.outcome().winner())
                    .as("winner of %s", id)
                    .isEqualTo(winner.isNull() ? null : winner.asString().equals("b") ? Color.BLACK : Color.WHITE);
            assertThat(Sfen.format(game.position()))
                    .as("final position of %s", id)
                    .isEqualTo(row.get("final_sfen").asString());
        }
        return lines.size();
    }

    private static Ending ending(String end) {
        return switch (end) {
            case "checkmate" -> Ending.CHECKMATE;
            case "stalemate" -> Ending.NO_LEGAL_MOVE;
            case "repetition_draw" -> Ending.REPETITION;
            case "perpetual_check" -> Ending.PERPETUAL_CHECK;
            case "max_ply" -> Ending.MAX_PLIES;
            case "declaration_possible_27" -> Ending.DECLARATION;
            case "unfinished" -> Ending.ONGOING;
            default -> throw new IllegalArgumentException(end);
        };
    }

    private static Set<Integer> plies(JsonNode node) {
        Set<Integer> plies = new HashSet<>();
        node.forEach(ply -> plies.add(ply.asInt()));
        return plies;
    }
}
