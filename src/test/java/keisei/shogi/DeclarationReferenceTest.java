package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;

import keisei.shogi.notation.Sfen;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class DeclarationReferenceTest {
    @Test
    void pointsPiecesAndVerdictsAreThoseOfTheReferences() {
        int wins = 0;
        for (String line : ReferenceData.sample("declaration.jsonl")) {
            JsonNode row = ReferenceData.json(line);
            String id = row.get("id").asString();
            Position position = Sfen.parse(Variant.SHOGI, row.get("sfen").asString());
            Color mover = position.sideToMove();

            assertThat(Declaration.points(position, mover))
                    .as("points of %s", id)
                    .isEqualTo(row.get("points").asInt());
            assertThat(Declaration.piecesInZone(position, mover))
                    .as("pieces of %s", id)
                    .isEqualTo(row.get("pieces_in_zone").asInt());
            assertThat(Declaration.kingInZone(position, mover))
                    .as("king of %s", id)
                    .isEqualTo(row.get("king_in_zone").asBoolean());
            assertThat(position.inCheck())
                    .as("check of %s", id)
                    .isEqualTo(row.get("in_check").asBoolean());
            boolean win27 = row.get("decl27").asString().equals("win");
            boolean win24 = row.get("decl24").asString().equals("win");
            assertThat(Declaration.canDeclare(position, Impasse.CSA27))
                    .as("27 points, %s", id)
                    .isEqualTo(win27);
            assertThat(Declaration.canDeclare(position, Impasse.CSA24))
                    .as("24 points, %s", id)
                    .isEqualTo(win24);
            assertThat(Declaration.canDeclare(position, Impasse.NONE)).isFalse();
            wins += (win27 ? 1 : 0) + (win24 ? 1 : 0);
        }
        assertThat(wins).isGreaterThan(20);
    }
}
