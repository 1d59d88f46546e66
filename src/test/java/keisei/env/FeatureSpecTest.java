package keisei.env;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import keisei.device.PlaneProgram.Plane;
import keisei.shogi.Variant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FeatureSpecTest {
    @ParameterizedTest
    @CsvSource({
        "core46, core46, 46, 48",
        "core46+check, core46+check, 47, 48",
        "core46+last2ply+check, core46+check+last2ply, 48, 48",
        "core46+all, core46+check+repetition+prom_zone+last2ply+hand_onehot, 51, 56",
        "dummyfeats, dummyfeats, 46, 48",
        "testfeats, testfeats, 46, 48",
        "resumefeats, resumefeats, 46, 48"
    })
    void namesGivePlanesInAFixedOrder(String name, String canonical, int planes, int channels) {
        FeatureSpec spec = FeatureSpec.of(name, Variant.SHOGI, 500);

        assertThat(spec.name()).isEqualTo(canonical);
        assertThat(spec.planes()).isEqualTo(planes).isEqualTo(FeatureSpec.planeCount(name));
        assertThat(spec.planeNames()).hasSize(planes);
        assertThat(spec.program().planes()).hasSize(planes);
        assertThat(spec.channels()).isEqualTo(channels);
        assertThat(spec.recordBytes()).isEqualTo(104);
    }

    @Test
    void optionalPlanesHaveNoGaps() {
        FeatureSpec spec = FeatureSpec.of("core46+hand_onehot+prom_zone", Variant.SHOGI, 500);

        assertThat(spec.program().planes().get(46)).isEqualTo(new Plane.TopRows(3));
        assertThat(spec.program().planes().get(47)).isInstanceOf(Plane.CornerIfAny.class);
    }

    @Test
    void handsAreDividedByTheNumberOfPiecesThatExist() {
        FeatureSpec shogi = FeatureSpec.of("core46", Variant.SHOGI, 500);
        FeatureSpec mini = FeatureSpec.of("core46", Variant.MINISHOGI, 100);

        assertThat(shogi.program().planes().get(28)).isEqualTo(new Plane.Constant(81, 1, 1.0 / 18, 1));
        assertThat(shogi.program().planes().get(41)).isEqualTo(new Plane.Constant(94, 1, 1.0 / 2, 1));
        assertThat(shogi.program().planes().get(43)).isEqualTo(new Plane.Constant(100, 2, 1.0 / 500, 1));
        assertThat(mini.program().planes().get(28)).isEqualTo(new Plane.Constant(25, 1, 1.0 / 2, 1));
    }

    @Test
    void minishogiHasNoLancesAndKnights() {
        FeatureSpec mini = FeatureSpec.of("core46", Variant.MINISHOGI, 100);

        assertThat(mini.planes()).isEqualTo(46);
        assertThat(mini.recordBytes()).isEqualTo(48);
        for (int plane : new int[] {1, 2, 9, 10, 15, 16, 23, 24, 29, 30, 36, 37, 44, 45}) {
            assertThat(mini.program().planes().get(plane)).as("plane %d", plane).isEqualTo(new Plane.Zero());
        }
    }

    @Test
    void unknownNamesAreErrorsThatListWhatIsAllowed() {
        assertThatThrownBy(() -> FeatureSpec.of("core", Variant.SHOGI, 500))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("features 'core': 'core' is unknown; allowed: core46, core46+all, core46 followed by any of"
                        + " +check, +repetition, +prom_zone, +last2ply, +hand_onehot, and dummyfeats, testfeats,"
                        + " resumefeats");
        assertThatThrownBy(() -> FeatureSpec.of("core46+chek", Variant.SHOGI, 500))
                .hasMessageContaining("'chek'");
        assertThatThrownBy(() -> FeatureSpec.of("core46+", Variant.SHOGI, 500)).hasMessageContaining("'' is unknown");
        assertThatThrownBy(() -> FeatureSpec.of("core46+check+check", Variant.SHOGI, 500))
                .hasMessageContaining("'check' twice");
        assertThatThrownBy(() -> FeatureSpec.of("core46+all+check", Variant.SHOGI, 500))
                .hasMessageContaining("'all'");
        assertThatThrownBy(() -> FeatureSpec.of("core46", Variant.SHOGI, -1)).hasMessageContaining("-1");
    }
}
