package keisei.shogi.notation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import keisei.shogi.Color;
import keisei.shogi.PieceType;
import keisei.shogi.Position;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SfenTest {
    @ParameterizedTest
    @EnumSource(Variant.class)
    void theStartPositionReadsAndWritesItself(Variant variant) {
        assertThat(Sfen.format(new Position(variant))).isEqualTo(variant.startSfen());
        Position read = Sfen.parse(variant, variant.startSfen());
        assertThat(Sfen.format(read)).isEqualTo(variant.startSfen());
        assertThat(read.key()).isEqualTo(new Position(variant).key());
    }

    @Test
    void squaresHandsSideAndNumberAreRead() {
        Position position = Sfen.parse(Variant.SHOGI, "k8/9/9/9/4+R4/9/9/9/8K w 2BG18p 37");

        assertThat(position.pieceAt(0)).isEqualTo(15 + PieceType.KING.ordinal());
        assertThat(position.pieceAt(40)).isEqualTo(1 + PieceType.DRAGON.ordinal());
        assertThat(position.kingSquare(Color.BLACK)).isEqualTo(80);
        assertThat(position.kingSquare(Color.WHITE)).isZero();
        assertThat(position.hand(Color.BLACK, PieceType.BISHOP.ordinal())).isEqualTo(2);
        assertThat(position.hand(Color.BLACK, PieceType.GOLD.ordinal())).isEqualTo(1);
        assertThat(position.hand(Color.WHITE, PieceType.PAWN.ordinal())).isEqualTo(18);
        assertThat(position.sideToMove()).isEqualTo(Color.WHITE);
        assertThat(position.moveNumber()).isEqualTo(37);
    }

    @Test
    void theMoveNumberMayBeMissingAndHandsAreWrittenInTheUsualOrder() {
        assertThat(Sfen.format(Sfen.parse(Variant.SHOGI, "k8/9/9/9/9/9/9/9/8K b prPRb2G")))
                .isEqualTo("k8/9/9/9/9/9/9/9/8K b R2GPrbp 1");
    }

    @Test
    void oneKingMayBeMissing() {
        Position position = Sfen.parse(Variant.SHOGI, "4k4/9/9/9/9/9/9/9/9 b G 1");

        assertThat(position.kingSquare(Color.BLACK)).isEqualTo(-1);
        assertThat(position.inCheck()).isFalse();
        assertThat(position.hasLegalMove()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "k8/9/9/9/9/9/9/9/7 b - 1; 18; expected a piece",
                "k8/9/9/9/9/9/9/9/9K b - 1; 18; expected a space and the side to move",
                "k9/9/9/9/9/9/9/9/8K b - 1; 1; row 1 has more than 9 squares",
                "k8/9/9/9/9/9/9/8K b - 1; 17; expected \"/\" after row 8 of 9",
                "k8/9/9/9/4x4/9/9/9/8K b - 1; 10; expected a piece",
                "k8/9/9/9/4+G4/9/9/9/8K b - 1; 10; GOLD has no promoted side",
                "k8/9/9/9/9/9/9/9/8K x - 1; 20; the side to move must be",
                "k8/9/9/9/9/9/9/9/8K b K 1; 22; expected a piece in hand",
                "k8/9/9/9/9/9/9/9/8K b 19P 1; 22; 19 pieces in hand, allowed are 1 to 18",
                "k8/9/9/9/9/9/9/9/8K b PP 1; 23; given twice",
                "k8/9/9/9/9/9/9/9/8K b - x; 24; expected the move number",
                "k8/9/9/9/9/9/9/9/8K b - 0; 22; move number is 0, it must be at least 1",
                "k8/9/9/9/9/9/9/9/8K b - 1 x; 25; unexpected text",
                "k8/P8/P8/9/9/9/9/9/8K b - 1; 6; a second unpromoted pawn of Black on file 9",
                "kP7/9/9/9/9/9/9/9/8K b - 1; 1; a PAWN of Black that can never move",
                "k8/9/9/9/9/9/9/4n4/8K b - 1; 16; a KNIGHT of White that can never move",
                "kk7/9/9/9/9/9/9/9/8K b - 1; 1; a second king of White",
                "9/9/9/9/9/9/9/9/9 b - 1; 20; no king on the board",
                "k8/9/9/9/9/9/9/9/RRR5K b - 1; 19; 3 pieces of kind ROOK, shogi has 2",
                "k8/9/9/9/9/9/9/9/8K b 3R 1; 22; 3 pieces of kind ROOK, shogi has 2",
                "k7R/9/9/9/9/9/9/9/8K b - 1; 0; the king of the side that is not to move (WHITE) stands in check"
            })
    void aFaultIsNamedAndPointedAt(String text, int offset, String problem) {
        NotationException e = catchThrowableOfType(NotationException.class, () -> Sfen.parse(Variant.SHOGI, text));

        assertThat(e).isNotNull().hasMessageContaining(problem);
        assertThat(e.offset()).isEqualTo(offset);
        assertThat(e).hasMessageContaining(text.substring(0, offset) + ">>" + text.substring(offset));
    }

    @ParameterizedTest
    @ValueSource(strings = {"k4/5/5/5/3LK b - 1", "k4/5/5/5/4K b N 1", "k4/5/5/5/3+NK b - 1", "k4/5/5/5/4K b 3P 1"})
    void minishogiRefusesPiecesItDoesNotHave(String text) {
        assertThatThrownBy(() -> Sfen.parse(Variant.MINISHOGI, text))
                .isInstanceOf(NotationException.class)
                .hasMessageContaining("minishogi has");
    }
}
