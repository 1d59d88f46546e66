package keisei.shogi.notation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import keisei.shogi.Move;
import keisei.shogi.PieceType;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsiTest {
    @Test
    void squaresAreCountedFromTheHighestFileOfTheFirstRank() {
        assertThat(Usi.parseMove(Variant.SHOGI, "9a1i")).isEqualTo(Move.board(0, 80, false));
        assertThat(Usi.parseMove(Variant.SHOGI, "8h2b+")).isEqualTo(Move.board(64, 16, true));
        assertThat(Usi.parseMove(Variant.MINISHOGI, "5a1e")).isEqualTo(Move.board(0, 24, false));
        assertThat(Usi.parseMove(Variant.SHOGI, "P*5e")).isEqualTo(Move.drop(PieceType.PAWN.ordinal(), 40));
        assertThat(Usi.format(Variant.SHOGI, Move.board(64, 16, true))).isEqualTo("8h2b+");
        assertThat(Usi.format(Variant.MINISHOGI, Move.drop(PieceType.ROOK.ordinal(), 12)))
                .isEqualTo("R*3c");
    }

    @ParameterizedTest
    @CsvSource({
        "SHOGI, '', 0, file from 1 to 9",
        "SHOGI, 0a1b, 0, file from 1 to 9",
        "SHOGI, 7j7f, 1, rank from a to i",
        "SHOGI, 7g, 2, file from 1 to 9",
        "SHOGI, 7g7, 3, rank from a to i",
        "SHOGI, 7g7g, 2, the target is the origin",
        "SHOGI, 7g7f++, 5, unexpected text",
        "SHOGI, 7g7fx, 4, unexpected text",
        "SHOGI, K*5e, 0, no piece of shogi to drop",
        "SHOGI, P*5e+, 4, unexpected text",
        "MINISHOGI, 6a5a, 0, file from 1 to 5",
        "MINISHOGI, 5a5f, 3, rank from a to e",
        "MINISHOGI, N*3c, 0, no piece of minishogi to drop"
    })
    void aFaultIsNamedAndPointedAt(Variant variant, String text, int offset, String problem) {
        NotationException e = catchThrowableOfType(NotationException.class, () -> Usi.parseMove(variant, text));

        assertThat(e).isNotNull().hasMessageContaining(problem);
        assertThat(e.offset()).isEqualTo(offset);
    }
}
