package keisei.shogi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import keisei.shogi.notation.Sfen;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PerftTest {
    private static final long SAMPLE_LEAVES = 3_000_000;

    @ParameterizedTest
    @CsvSource({
        "SHOGI, 0, 1",
        "SHOGI, 1, 30",
        "SHOGI, 2, 900",
        "SHOGI, 3, 25470",
        "SHOGI, 4, 719731",
        "SHOGI, 5, 19861490",
        "MINISHOGI, 1, 14",
        "MINISHOGI, 2, 181",
        "MINISHOGI, 3, 2512",
        "MINISHOGI, 4, 35401"
    })
    void theStartPositionHasTheKnownCounts(Variant variant, int depth, long leaves) {
        assertThat(Perft.count(new Position(variant), depth)).isEqualTo(leaves);
    }

    @Test
    void dividingGivesTheSameSumOnSeveralThreadsAndLeavesThePositionAlone() throws InterruptedException {
        Position position = new Position(Variant.SHOGI);
        String before = Sfen.format(position);

        long[] leaves = Perft.divide(position, 4, 3);

        assertThat(leaves).hasSize(30);
        assertThat(Arrays.stream(leaves).sum()).isEqualTo(719731);
        assertThat(Sfen.format(position)).isEqualTo(before);
    }

    @Test
    void referencePositionsHaveTheKnownCounts() {
        assertThat(check(ReferenceData.sample("perft.tsv"), SAMPLE_LEAVES)).isGreaterThan(300);
    }

    @Test
    @Tag("slow")
    void referencePositionsHaveTheKnownCountsToTheFullDepth() {
        assertThat(check(ReferenceData.whole("perft.tsv"), 100_000_000)).isGreaterThan(400);
    }

    @Test
    void aNegativeDepthIsRefused() {
        assertThatThrownBy(() -> Perft.count(new Position(Variant.SHOGI), -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("depth is -1");
        assertThatThrownBy(() -> Perft.divide(new Position(Variant.SHOGI), 0, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Perft.divide(new Position(Variant.SHOGI), 2, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("threads is 0");
    }

    /** Checks every number up to a limit of leaves, lines in parallel; returns how many numbers were compared. */
    private static int check(List<String> lines, long limit) {
        AtomicInteger compared = new AtomicInteger();
        lines.stream().skip(1).parallel().forEach(line -> {
            String[] fields = line.split("\t", -1);
            Position position = Sfen.parse(Variant.SHOGI, fields[1]);
            for (int depth = 1; depth <= 6; depth++) {
                String expected = fields[1 + depth];
                if (!expected.isEmpty() && Long.parseLong(expected) <= limit) {
                    assertThat(Perft.count(position, depth))
                            .as("%s depth %d", fields[0], depth)
                            .isEqualTo(Long.parseLong(expected));
                    compared.incrementAndGet();
                }
            }
        });
        return compared.get();
    }
}
