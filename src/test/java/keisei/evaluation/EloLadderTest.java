package keisei.evaluation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import keisei.random.RandomStream;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class EloLadderTest {
    @Test
    void aPlayerIsPlacedBetweenWeakerAndStrongerRungs() {
        List<Player> rungs = EloLadder.rungs(Variant.MINISHOGI, 3);
        List<Player> three = List.of(rungs.get(0), rungs.get(4), rungs.get(8));
        Player between = new MaterialSearchPlayer(Variant.MINISHOGI, 2, 0.25, new RandomStream(9, 9));

        EloLadder ladder = EloLadder.measure(between, three, Variant.MINISHOGI, MatchRunnerTest.rules(150), 100, 1);

        assertThat(ladder.matches()).hasSize(5);
        assertThat(ladder.ratings().stream().map(EloRatings.Rating::player))
                .containsExactly("depth-2 eps 0.25", "random", "depth-2 eps 0.50", "depth-2");
        assertThat(elo(ladder, 1)).isZero();
        assertThat(elo(ladder, 0)).isBetween(elo(ladder, 2), elo(ladder, 3));
        assertThat(ladder.format()
                        .lines()
                        .skip(1)
                        .map(line -> line.substring(0, 16).strip()))
                .containsExactly("depth-2", "depth-2 eps 0.25", "depth-2 eps 0.50", "random");
    }

    private static double elo(EloLadder ladder, int index) {
        return ladder.ratings().get(index).elo();
    }

    /** An independent program measured +1,160 Elo from random to depth-2 on 5x5 (400 games a pair). */
    @Test
    @Tag("slow")
    void theMinishogiLadderIsAsHighAsMeasuredElsewhere() {
        List<Player> rungs = EloLadder.rungs(Variant.MINISHOGI, 3);
        Player random = new MaterialSearchPlayer(Variant.MINISHOGI, 2, 1, new RandomStream(9, 9));

        EloLadder ladder = EloLadder.measure(random, rungs, Variant.MINISHOGI, MatchRunnerTest.rules(200), 400, 1);

        System.out.print(ladder.format());
        double depth2 = ladder.ratings().stream()
                .filter(rating -> rating.player().equals("depth-2"))
                .findFirst()
                .orElseThrow()
                .elo();
        assertThat(depth2).isBetween(1_000.0, 1_320.0);
        assertThat(elo(ladder, 0)).as("all moves random").isBetween(-60.0, 60.0);
    }
}
