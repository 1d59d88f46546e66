package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import keisei.random.RandomStream;
import keisei.shogi.notation.Sfen;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Positions that games hardly reach: pieces thrown onto the board, close to a king in the corner or at the edge, with
 * pawns in hand, so that pins, double checks and mates by dropped pawns are common.
 */
class RandomSetUpTest {
    private static final int POSITIONS = 1_500;

    @ParameterizedTest
    @CsvSource({"SHOGI, 1", "SHOGI, 2", "MINISHOGI, 3", "MINISHOGI, 4"})
    void legalMovesAreThoseOfTheNaiveRules(Variant variant, long seed) {
        RandomStream random = new RandomStream(seed, 0);
        int[] moves = new int[Position.MAX_MOVES];
        int checked = 0;
        int checks = 0;
        int forbiddenMates = 0;
        while (checked < POSITIONS) {
            Position position = setUp(variant, random);
            if (position == null) {
                continue;
            }
            int side = position.sideToMove().ordinal();
            int count = position.legalMoves(moves);
            Set<Integer> legal = Arrays.stream(moves, 0, count).boxed().collect(Collectors.toCollection(TreeSet::new));
            Set<Integer> expected = NaiveRules.of(position).legalMoves(side);

            assertThat(legal).as(Sfen.format(position)).isEqualTo(expected).hasSize(count);
            assertThat(position.countLegalMoves()).as(Sfen.format(position)).isEqualTo(count);
            assertThat(position.hasLegalMove()).as(Sfen.format(position)).isEqualTo(count > 0);
            checked++;
            checks += position.inCheck() ? 1 : 0;
            forbiddenMates += NaiveRules.of(position).forbiddenMates(side);
        }
        assertThat(checks).isGreaterThan(POSITIONS / 20);
        assertThat(forbiddenMates).isGreaterThan(5);
    }

    private static @Nullable Position setUp(Variant variant, RandomStream random) {
        int size = variant.size();
        int[] pieces = new int[variant.squares()];
        int[][] hands = new int[2][PieceType.HAND_TYPES];
        int mover = random.nextInt(2);
        int enemyKing = random.nextInt(size) + (mover == 0 ? 0 : size * (size - 1));
        pieces[enemyKing] = 1 + 7 + 14 * (1 - mover);
        int ownKing = random.nextInt(pieces.length);
        if (ownKing == enemyKing) {
            return null;
        }
        pieces[ownKing] = 1 + 7 + 14 * mover;
        int[] left = new int[PieceType.HAND_TYPES];
        for (int type = 0; type < left.length; type++) {
            left[type] = variant.handLimit(type);
        }
        for (int n = 4 + random.nextInt(8); n > 0; n--) {
            int ordinal = random.nextInt(14);
            PieceType type = PieceType.of(ordinal);
            int around = random.nextInt(3) == 0 ? ownKing : enemyKing;
            int row = around / size + random.nextInt(5) - 2;
            int column = around % size + random.nextInt(5) - 2;
            if (type == PieceType.KING || row < 0 || row >= size || column < 0 || column >= size) {
                continue;
            }
            int square = row * size + column;
            if (pieces[square] == 0 && left[type.unpromote().ordinal()] > 0) {
                left[type.unpromote().ordinal()]--;
                pieces[square] = 1 + ordinal + 14 * random.nextInt(2);
            }
        }
        for (int type = 0; type < left.length; type++) {
            if (left[type] > 0 && (type == 0 || random.nextInt(3) == 0)) {
                hands[mover][type] = 1;
            }
        }
        try {
            return Position.of(variant, pieces, hands, Color.values()[mover], 1);
        } catch (InvalidPositionException e) {
            return null;
        }
    }
}
