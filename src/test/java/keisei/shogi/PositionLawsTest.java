package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import keisei.random.RandomStream;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Laws that hold for every position; positions come from random games of a given seed and length. */
class PositionLawsTest {
    private final int[] moves = new int[Position.MAX_MOVES];

    /** Plays random moves, and stops before a position without moves. */
    private static Position wander(Variant variant, long seed, int plies) {
        RandomStream random = new RandomStream(seed, 0);
        Position position = new Position(variant);
        int[] moves = new int[Position.MAX_MOVES];
        for (int i = 0; i < plies; i++) {
            int count = position.legalMoves(moves);
            if (count == 0) {
                position.unmake();
                break;
            }
            position.make(moves[random.nextInt(count)]);
        }
        return position;
    }

    private Set<Integer> legalMoves(Position position) {
        int count = position.legalMoves(moves);
        return Arrays.stream(moves, 0, count).boxed().collect(Collectors.toCollection(TreeSet::new));
    }

    @Property(tries = 150)
    void legalMovesAreThoseOfTheNaiveRules(
            @ForAll Variant variant, @ForAll long seed, @ForAll @IntRange(max = 250) int plies) {
        Position position = wander(variant, seed, plies);
        NaiveRules naive = NaiveRules.of(position);
        int side = position.sideToMove().ordinal();

        Set<Integer> legal = legalMoves(position);

        assertThat(legal).isEqualTo(naive.legalMoves(side));
        assertThat(legal).hasSize(position.legalMoves(moves));
        assertThat(position.countLegalMoves()).isEqualTo(legal.size());
        assertThat(position.hasLegalMove()).isEqualTo(!legal.isEmpty());
        assertThat(position.inCheck()).isEqualTo(naive.inCheck(side));
    }

    @Property(tries = 200)
    void takingAMoveBackRestoresEverything(
            @ForAll Variant variant, @ForAll long seed, @ForAll @IntRange(max = 300) int plies) {
        Position position = wander(variant, seed, plies);
        String before = Sfen.format(position);
        long key = position.key();
        long[] sets = position.sets.clone();
        long[] occupied = position.occupied.clone();
        int count = position.legalMoves(moves);
        int[] all = Arrays.copyOf(moves, count);

        for (int move : all) {
            position.make(move);
            assertThat(position.key()).isNotEqualTo(key).isEqualTo(position.keyFromScratch());
            position.unmake();
            assertThat(position.key()).isEqualTo(key);
            assertThat(position.sets).isEqualTo(sets);
            assertThat(position.occupied).isEqualTo(occupied);
        }

        assertThat(Sfen.format(position)).isEqualTo(before);
        assertThat(Sfen.parse(variant, before).kings).isEqualTo(position.kings);
        assertThat(Sfen.parse(variant, before).sets).isEqualTo(sets);
        assertThat(position.legalMoves(moves)).isEqualTo(count);
        assertThat(Arrays.copyOf(moves, count)).isEqualTo(all);
    }

    @Property(tries = 200)
    void theKeyThatIsKeptUpToDateIsTheKeyFromScratch(
            @ForAll Variant variant, @ForAll long seed, @ForAll @IntRange(max = 300) int plies) {
        Position position = wander(variant, seed, plies);

        assertThat(position.key()).isEqualTo(position.keyFromScratch());
        assertThat(Sfen.parse(variant, Sfen.format(position)).key()).isEqualTo(position.key());
    }

    @Property(tries = 200)
    void theRotatedPositionWithColorsSwappedHasTheRotatedMoves(
            @ForAll Variant variant, @ForAll long seed, @ForAll @IntRange(max = 300) int plies) {
        Position position = wander(variant, seed, plies);
        int last = variant.squares() - 1;

        Set<Integer> expected = legalMoves(position).stream()
                .map(move -> Move.isDrop(move)
                        ? Move.drop(Move.dropType(move), last - Move.to(move))
                        : Move.board(last - Move.from(move), last - Move.to(move), Move.isPromotion(move)))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(legalMoves(twin(position))).isEqualTo(expected);
    }

    private static Position twin(Position position) {
        int squares = position.variant().squares();
        int[] pieces = new int[squares];
        for (int square = 0; square < squares; square++) {
            int piece = position.pieceAt(square);
            pieces[squares - 1 - square] = piece == 0 ? 0 : piece > 14 ? piece - 14 : piece + 14;
        }
        int[][] hands = new int[2][PieceType.HAND_TYPES];
        for (int type = 0; type < PieceType.HAND_TYPES; type++) {
            hands[0][type] = position.hand(Color.WHITE, type);
            hands[1][type] = position.hand(Color.BLACK, type);
        }
        return Position.of(
                position.variant(), pieces, hands, position.sideToMove().opponent(), position.moveNumber());
    }

    @Property(tries = 200)
    void sfenAndUsiComeBackAsTheyWere(
            @ForAll Variant variant, @ForAll long seed, @ForAll @IntRange(max = 300) int plies) {
        Position position = wander(variant, seed, plies);
        String sfen = Sfen.format(position);

        assertThat(Sfen.format(Sfen.parse(variant, sfen))).isEqualTo(sfen);
        for (int move : legalMoves(position)) {
            assertThat(Usi.parseMove(variant, Usi.format(variant, move))).isEqualTo(move);
        }
    }

    @Property(tries = 50)
    void aCopyPlaysOnAndLeavesTheOriginalAlone(
            @ForAll Variant variant, @ForAll long seed, @ForAll @IntRange(max = 100) int plies) {
        Position position = wander(variant, seed, plies);
        String before = Sfen.format(position);
        Position copy = position.copy();

        assertThat(Sfen.format(copy)).isEqualTo(before);
        for (int move : legalMoves(position)) {
            copy.make(move);
            copy.unmake();
        }
        assertThat(Sfen.format(copy)).isEqualTo(before);
        assertThat(Sfen.format(position)).isEqualTo(before);
    }
}
