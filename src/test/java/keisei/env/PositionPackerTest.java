package keisei.env;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import keisei.random.RandomStream;
import keisei.shogi.Color;
import keisei.shogi.Game;
import keisei.shogi.Move;
import keisei.shogi.PieceType;
import keisei.shogi.Variant;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class PositionPackerTest {
    private static final PackedLayout LAYOUT = PackedLayout.of(Variant.SHOGI);

    @Test
    void theStartPositionHasItsGoldenRecord() {
        byte[] record = pack(new Game(Variant.SHOGI, EnvFixtures.rules(500)), ObservationView.RELATIVE);

        int[] backRow = {1, 2, 3, 4, 7, 4, 3, 2, 1};
        for (int column = 0; column < 9; column++) {
            assertThat(record[54 + column]).isEqualTo((byte) 1);
            assertThat(record[18 + column]).isEqualTo((byte) 15);
            assertThat(record[72 + column]).isEqualTo((byte) (1 + backRow[column]));
            assertThat(record[column]).isEqualTo((byte) (15 + backRow[column]));
        }
        assertThat(record[64]).isEqualTo((byte) (1 + PieceType.BISHOP.ordinal()));
        assertThat(record[70]).isEqualTo((byte) (1 + PieceType.ROOK.ordinal()));
        assertThat(record[16]).isEqualTo((byte) (15 + PieceType.BISHOP.ordinal()));
        assertThat(record[10]).isEqualTo((byte) (15 + PieceType.ROOK.ordinal()));
        int pieces = 0;
        for (int square = 0; square < 81; square++) {
            pieces += record[square] != 0 ? 1 : 0;
        }
        assertThat(pieces).isEqualTo(40);
        assertThat(record[LAYOUT.blackToMove()]).isEqualTo((byte) 1);
        assertThat(record[LAYOUT.inCheck()]).isZero();
        assertThat(record[LAYOUT.repetition()]).isEqualTo((byte) 1);
        assertThat(record[LAYOUT.lastSquares()]).isEqualTo((byte) 255);
        assertThat(record[LAYOUT.lastSquares() + 1]).isEqualTo((byte) 255);
        assertThat(record[LAYOUT.ply()]).isZero();
    }

    @Test
    void whiteSeesItsOwnArmyBelowAndTheLastMoveRotated() {
        Game game = game("7g7f", "3c3d", "8h2b+");

        byte[] record = pack(game, ObservationView.RELATIVE);

        assertThat(record[8 * 9 + 4]).as("own king").isEqualTo((byte) (1 + PieceType.KING.ordinal()));
        assertThat(record[4]).as("opponent's king").isEqualTo((byte) (15 + PieceType.KING.ordinal()));
        assertThat(record[80 - 16]).as("horse on 2b").isEqualTo((byte) (15 + PieceType.HORSE.ordinal()));
        assertThat(record[LAYOUT.opponentHand() + PieceType.BISHOP.ordinal()]).isEqualTo((byte) 1);
        assertThat(record[LAYOUT.ownHand() + PieceType.BISHOP.ordinal()]).isZero();
        assertThat(record[LAYOUT.blackToMove()]).isZero();
        assertThat(record[LAYOUT.lastSquares()]).isEqualTo((byte) (80 - 16));
        assertThat(record[LAYOUT.lastSquares() + 1]).isEqualTo((byte) (80 - 33));
        assertThat(record[LAYOUT.ply()]).isEqualTo((byte) 3);
    }

    @Test
    void theAbsoluteViewKeepsTheBoardButNotTheSides() {
        Game game = game("7g7f");

        byte[] record = pack(game, ObservationView.ABSOLUTE);

        assertThat(record[4]).as("White's king on 5a").isEqualTo((byte) (1 + PieceType.KING.ordinal()));
        assertThat(record[76]).as("Black's king on 5i").isEqualTo((byte) (15 + PieceType.KING.ordinal()));
        assertThat(record[LAYOUT.lastSquares()]).isEqualTo((byte) 47);
    }

    @Test
    void occurrencesOfAPositionAreCounted() {
        Game game = game("2h3h", "8b7b", "3h2h", "7b8b");

        assertThat(pack(game, ObservationView.RELATIVE)[LAYOUT.repetition()]).isEqualTo((byte) 2);
    }

    @Test
    void checkIsFlagged() {
        Game game = new Game(Variant.SHOGI, EnvFixtures.rules(500));
        game.reset(Sfen.parse(Variant.SHOGI, "4k4/9/9/9/9/9/9/9/K4R3 b - 1"));
        game.play(Usi.parseMove(Variant.SHOGI, "4i5i"));

        assertThat(pack(game, ObservationView.RELATIVE)[LAYOUT.inCheck()]).isEqualTo((byte) 1);
    }

    /** The law behind learning from both sides: a position and its colour-swapped twin look the same to their movers. */
    @Property(tries = 60)
    void aPositionAndItsTwinDifferInTheColourFlagOnly(@ForAll long seed, @ForAll Variant variant) {
        RandomStream random = new RandomStream(seed, 0);
        Game game = new Game(variant, EnvFixtures.rules(300));
        Game twin = new Game(variant, EnvFixtures.rules(300));
        twin.reset(Sfen.parse(variant, EnvFixtures.twin(variant.startSfen())));
        int flag = PackedLayout.of(variant).blackToMove();
        ActionSpace[] spaces = ActionSpaces.names().stream()
                .map(name -> ActionSpaces.byName(name, variant))
                .toArray(ActionSpace[]::new);
        while (!game.outcome().isOver()) {
            byte[] record = pack(game, ObservationView.RELATIVE);
            byte[] twinRecord = pack(twin, ObservationView.RELATIVE);
            assertThat(record[flag]).isNotEqualTo(twinRecord[flag]);
            twinRecord[flag] = record[flag];
            assertThat(twinRecord).isEqualTo(record);
            for (ActionSpace space : spaces) {
                assertThat(mask(space, twin)).isEqualTo(mask(space, game));
            }
            int move = game.legalMove(random.nextInt(game.legalMoveCount()));
            Color mover = game.position().sideToMove();
            assertThat(twin.position().sideToMove()).isEqualTo(mover.opponent());
            game.play(move);
            twin.play(Perspective.move(variant, move, Color.WHITE));
        }
        assertThat(twin.outcome().ending()).isEqualTo(game.outcome().ending());
    }

    @Property(tries = 60)
    void everyLegalMoveHasItsOwnIndexAndComesBack(@ForAll long seed, @ForAll Variant variant) {
        RandomStream random = new RandomStream(seed, 1);
        Game game = new Game(variant, EnvFixtures.rules(300));
        while (!game.outcome().isOver()) {
            Color mover = game.position().sideToMove();
            for (String name : ActionSpaces.names()) {
                ActionSpace space = ActionSpaces.byName(name, variant);
                for (int i = 0; i < game.legalMoveCount(); i++) {
                    int index = space.encode(game.legalMove(i), mover);
                    assertThat(index).isBetween(0, space.totalActions() - 1);
                    assertThat(space.decode(index, mover)).isEqualTo(game.legalMove(i));
                }
                int bits = 0;
                for (int word : mask(space, game)) {
                    bits += Integer.bitCount(word);
                }
                assertThat(bits).as("indices are distinct").isEqualTo(game.legalMoveCount());
            }
            game.play(game.legalMove(random.nextInt(game.legalMoveCount())));
        }
    }

    private static int[] mask(ActionSpace space, Game game) {
        int[] moves = new int[game.legalMoveCount()];
        for (int i = 0; i < moves.length; i++) {
            moves[i] = game.legalMove(i);
        }
        int[] words = new int[space.maskWords()];
        space.setLegalBits(moves, moves.length, game.position().sideToMove(), words);
        return words;
    }

    private static Game game(String... moves) {
        Game game = new Game(Variant.SHOGI, EnvFixtures.rules(500));
        for (String move : moves) {
            game.play(Usi.parseMove(Variant.SHOGI, move));
        }
        assertThat(Move.to(game.moveAt(0))).isEqualTo(Move.to(Usi.parseMove(Variant.SHOGI, moves[0])));
        return game;
    }

    private static byte[] pack(Game game, ObservationView view) {
        Variant variant = game.position().variant();
        byte[] record = new byte[PackedLayout.of(variant).recordBytes() + 2];
        record[0] = 77;
        record[record.length - 1] = 77;
        new PositionPacker(variant, view).write(game, MemorySegment.ofArray(record), 1);
        assertThat(record[0]).isEqualTo((byte) 77);
        assertThat(record[record.length - 1]).isEqualTo((byte) 77);
        return java.util.Arrays.copyOfRange(record, 1, record.length - 1);
    }
}
