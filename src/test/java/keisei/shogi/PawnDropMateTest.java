package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PawnDropMateTest {
    @ParameterizedTest(name = "{2}: {1} legal {3}")
    @CsvSource({
        "3lkb2R/9/4G4/2K6/9/9/9/9/9 b P 1, P*5b, interposing against a check, false",
        "4R2gk/9/7G1/9/9/9/9/9/4K4 b P 1, P*1b, the defender is pinned, false",
        "7nk/9/7Gr/9/8L/9/9/9/4K4 b P 1, P*1b, the defender is pinned on the pawn's own file, true",
        "3lk4/9/4G4/2B6/9/9/9/9/4K4 b P 1, P*5b, the pawn blocks the dropper's own slider, true",
        "8k/9/9/9/9/9/9/9/4K4 b P 1, P*1b, nothing protects the pawn, true"
    })
    void aPawnDropIsForbiddenExactlyWhenItMates(String sfen, String drop, String why, boolean expected) {
        Position position = Sfen.parse(Variant.SHOGI, sfen);
        int[] moves = new int[Position.MAX_MOVES];
        int count = position.legalMoves(moves);
        int move = Usi.parseMove(Variant.SHOGI, drop);

        boolean legal = Arrays.stream(moves, 0, count).anyMatch(m -> m == move);

        assertThat(legal).as(why).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "k4/2G2/1S3/5/4K b P 1, P*5b, false",
        "kb1R1/5/1G3/5/4K b P 1, P*5b, false",
        "ks1R1/5/1G3/5/4K b P 1, P*5b, false",
        "ks3/5/1G3/5/4K b P 1, P*5b, true"
    })
    void theRuleHoldsInMinishogiToo(String sfen, String drop, boolean expected) {
        Position position = Sfen.parse(Variant.MINISHOGI, sfen);
        int[] moves = new int[Position.MAX_MOVES];
        int count = position.legalMoves(moves);
        int move = Usi.parseMove(Variant.MINISHOGI, drop);

        assertThat(Arrays.stream(moves, 0, count).anyMatch(m -> m == move)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"4R2gk/9/7G1/9/9/9/9/9/4K4 b L 1, L*1b", "8k/6G2/7GP/9/9/9/9/9/4K4 b - 1, 1c1b"})
    void aLanceDropOrAPawnPushMayMate(String sfen, String mate) {
        Game game = new Game(Variant.SHOGI, GameRules.standard(Variant.SHOGI, 100));
        game.reset(Sfen.parse(Variant.SHOGI, sfen));

        Outcome outcome = game.play(Usi.parseMove(Variant.SHOGI, mate));

        assertThat(outcome).isEqualTo(Outcome.of(Ending.CHECKMATE, Color.BLACK));
    }
}
