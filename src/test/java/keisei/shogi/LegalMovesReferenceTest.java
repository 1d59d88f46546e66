package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class LegalMovesReferenceTest {
    @Test
    void sampledPositionsHaveExactlyTheLegalMovesOfTheReferences() {
        assertThat(check(ReferenceData.sample("legal_moves.jsonl"))).isGreaterThan(400);
    }

    @Test
    @Tag("slow")
    void allPositionsHaveExactlyTheLegalMovesOfTheReferences() {
        assertThat(check(ReferenceData.whole("legal_moves.jsonl"))).isGreaterThan(1000);
    }

    private static int check(List<String> lines) {
        int[] moves = new int[Position.MAX_MOVES];
        for (String line : lines) {
            JsonNode row = ReferenceData.json(line);
            String id = row.get("id").asString();
            Position position = Sfen.parse(Variant.SHOGI, row.get("sfen").asString());

            int count = position.legalMoves(moves);

            assertThat(count)
                    .as("number of moves of %s", id)
                    .isEqualTo(row.get("n").asInt());
            assertThat(position.countLegalMoves()).as("counted moves of %s", id).isEqualTo(count);
            assertThat(position.hasLegalMove()).as("a move of %s", id).isEqualTo(count > 0);
            assertThat(position.inCheck())
                    .as("check of %s", id)
                    .isEqualTo(row.get("check").asInt() == 1);
            assertThat(ReferenceData.hash(Variant.SHOGI, moves, count, 16))
                    .as("moves of %s", id)
                    .isEqualTo(row.get("sha").asString());
            if (row.has("moves")) {
                List<String> expected =
                        row.get("moves").valueStream().map(JsonNode::asString).toList();
                assertThat(Arrays.stream(moves, 0, count).mapToObj(move -> Usi.format(Variant.SHOGI, move)))
                        .as("moves of %s", id)
                        .containsExactlyInAnyOrderElementsOf(expected);
            }
        }
        return lines.size();
    }
}
