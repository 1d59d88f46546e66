package keisei.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.Set;
import keisei.shogi.Color;
import keisei.shogi.Move;
import keisei.shogi.PieceType;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ActionSpaceTest {
    @ParameterizedTest
    @CsvSource({
        "flat, SHOGI, 13527",
        "spatial, SHOGI, 11259",
        "compact, SHOGI, 3781",
        "flat, MINISHOGI, 1325",
        "spatial, MINISHOGI, 1725",
        "compact, MINISHOGI, 540"
    })
    void eachSpaceHasItsKnownSize(String name, Variant variant, int size) {
        ActionSpace space = ActionSpaces.byName(name, variant);

        assertThat(space.totalActions()).isEqualTo(size);
        assertThat(ActionSpaces.byTotalActions(size, variant)).isSameAs(space);
        assertThat(space.maskWords() * 32).isBetween(size, size + 31);
    }

    /** Vectors computed by hand from the definitions of the two numberings; they do not come from this code. */
    @ParameterizedTest
    @CsvSource({
        "BLACK, 7g7f, 9054, 7784",
        "WHITE, 3c3d, 9054, 7784",
        "BLACK, 8h2b+, 10273, 8973",
        "WHITE, 2b8h+, 10273, 8973",
        "BLACK, 2h2b+, 11233, 9799",
        "BLACK, P*5e, 13240, 5692",
        "WHITE, P*5e, 13240, 5692",
        "BLACK, 8i7g, 11792, 10277",
        "WHITE, 2a3c, 11792, 10277",
        "BLACK, 9a9b, 16, 32",
        "BLACK, 9a9b+, 17, 96",
        "BLACK, 1i1h, 12942, 11120",
        "BLACK, 1i1h+, 12943, 11184",
        "BLACK, 8d7b+, 4503, 4023",
        "BLACK, R*1i, 13526, 11258",
        "BLACK, P*9a, 12960, 132"
    })
    void movesHaveTheirGoldenIndices(Color mover, String usi, int flatIndex, int spatialIndex) {
        ActionSpace flat = ActionSpaces.byName("flat", Variant.SHOGI);
        ActionSpace spatial = ActionSpaces.byName("spatial", Variant.SHOGI);
        int move = move(usi);

        assertThat(flat.encode(move, mover)).isEqualTo(flatIndex);
        assertThat(spatial.encode(move, mover)).isEqualTo(spatialIndex);
        assertThat(flat.decode(flatIndex, mover)).isEqualTo(move);
        assertThat(spatial.decode(spatialIndex, mover)).isEqualTo(move);
    }

    @ParameterizedTest
    @CsvSource({
        "flat, SHOGI, 13527",
        "compact, SHOGI, 3781",
        "flat, MINISHOGI, 1325",
        "compact, MINISHOGI, 540",
        // queen-line pairs (2112) and knight jumps (112), each twice, and 567 drops; 2 * 320 + 125
        "spatial, SHOGI, 5015",
        "spatial, MINISHOGI, 765"
    })
    void indexToMoveToIndexIsTheIdentityForBothColours(String name, Variant variant, int mapped) {
        ActionSpace space = ActionSpaces.byName(name, variant);
        Set<Integer> moves = new HashSet<>();
        for (int index = 0; index < space.totalActions(); index++) {
            int move;
            try {
                move = space.decode(index);
            } catch (IllegalArgumentException offBoard) {
                assertThat(name).isEqualTo("spatial");
                continue;
            }
            moves.add(move);
            assertThat(space.encode(move)).isEqualTo(index);
            int whites = space.decode(index, Color.WHITE);
            assertThat(space.encode(whites, Color.WHITE)).isEqualTo(index);
            assertThat(Perspective.move(variant, whites, Color.WHITE)).isEqualTo(move);
        }
        assertThat(moves).hasSize(mapped);
    }

    @Test
    void compactSplitsIntoPlainPromotingAndDrops() {
        assertThat(kinds(Variant.SHOGI)).containsExactly(2_192, 1_058, 531);
        assertThat(kinds(Variant.MINISHOGI)).containsExactly(320, 100, 120);
    }

    private static int[] kinds(Variant variant) {
        ActionSpace space = ActionSpaces.byName("compact", variant);
        int[] kinds = new int[3];
        for (int index = 0; index < space.totalActions(); index++) {
            int move = space.decode(index);
            kinds[Move.isDrop(move) ? 2 : Move.isPromotion(move) ? 1 : 0]++;
        }
        return kinds;
    }

    @Test
    void unmappableMovesAndIndicesAreErrorsThatNameThem() {
        ActionSpace compact = ActionSpaces.byName("compact", Variant.SHOGI);
        ActionSpace spatial = ActionSpaces.byName("spatial", Variant.SHOGI);
        ActionSpace mini = ActionSpaces.byName("flat", Variant.MINISHOGI);

        assertThatThrownBy(() -> compact.encode(Move.drop(PieceType.PAWN.ordinal(), 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("drop of hand type 0 to square 3")
                .hasMessageContaining("'compact' of shogi");
        assertThatThrownBy(() -> compact.encode(Move.NONE)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> compact.encode(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> compact.decode(3_781))
                .hasMessageContaining("action 3781")
                .hasMessageContaining("[0,");
        assertThatThrownBy(() -> compact.decode(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> spatial.decode(0)).hasMessageContaining("leaves the board");
        assertThatThrownBy(() -> mini.encode(Move.drop(PieceType.LANCE.ordinal(), 12)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ActionSpaces.byName("katago", Variant.SHOGI))
                .hasMessage("action space 'katago' is unknown; allowed: flat, spatial, compact");
        assertThatThrownBy(() -> ActionSpaces.byTotalActions(6_480, Variant.SHOGI))
                .hasMessageContaining("6480")
                .hasMessageContaining("compact 3781");
    }

    @Test
    void legalBitsAreSetInWordsOfThirtyTwo() {
        ActionSpace space = ActionSpaces.byName("flat", Variant.SHOGI);
        int[] words = new int[space.maskWords()];

        space.setLegalBits(new int[] {move("7g7f"), move("R*1i"), move("9a9b")}, 2, Color.BLACK, words);

        int bits = 0;
        for (int word : words) {
            bits += Integer.bitCount(word);
        }
        assertThat(bits).isEqualTo(2);
        assertThat(words[9_054 / 32] >>> 9_054 % 32 & 1).isEqualTo(1);
        assertThat(words[13_526 / 32] >>> 13_526 % 32 & 1).isEqualTo(1);
    }

    /** USI text of a move on 9x9. */
    private static int move(String usi) {
        int to = square(usi, 2);
        if (usi.charAt(1) == '*') {
            return Move.drop("PLNSGBR".indexOf(usi.charAt(0)), to);
        }
        return Move.board(square(usi, 0), to, usi.endsWith("+"));
    }

    private static int square(String usi, int at) {
        return (usi.charAt(at + 1) - 'a') * 9 + 9 - (usi.charAt(at) - '0');
    }
}
