package keisei.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class GoldenCaseTest {
    @Test
    void everyCaseIsKnownToSomeTest() {
        Set<String> known = new TreeSet<>(DeviceGoldenTests.CASES_TESTED_ELSEWHERE);
        known.addAll(DeviceGoldenTests.CASES_TESTED_HERE);

        assertThat(GoldenCase.names()).isEqualTo(known);
    }

    @Test
    void distancesAreRelativeToTheTruth() {
        assertThat(GoldenCase.distance(new double[] {3.003, 4.004}, new double[] {3, 4}))
                .isEqualTo(1e-3, within(1e-12));
        assertThat(GoldenCase.distance(new double[] {0.5}, new double[] {0})).isEqualTo(0.5);
    }

    @Test
    void infinitiesHaveToBeEqualAndNaNIsNeverNear() {
        double infinity = Double.POSITIVE_INFINITY;

        assertThat(GoldenCase.distance(new double[] {-infinity, 1}, new double[] {-infinity, 1}))
                .isZero();
        assertThat(GoldenCase.distance(new double[] {infinity}, new double[] {-infinity}))
                .isInfinite();
        assertThat(GoldenCase.distance(new double[] {-1e30}, new double[] {-infinity}))
                .isInfinite();
        assertThat(GoldenCase.distance(new double[] {Double.NaN}, new double[] {1}))
                .isInfinite();
    }

    @Test
    void aResultThatIsOffOrWasLeftOutFails() {
        GoldenCase golden = new GoldenCase("relu", GoldenCase.Rule.FLOAT32_CPU);
        double[] y = golden.truth("out.y").values();
        y[0] += 1e-3;

        assertThatThrownBy(() -> golden.compare("out.y", y)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(golden::assertEveryResultWasCompared).isInstanceOf(AssertionError.class);
    }

    @Test
    void halfPrecisionIsComparedWithTheLargestMagnitude() {
        GoldenCase golden = new GoldenCase("relu", GoldenCase.Rule.HALF);
        double[] y = golden.truth("out.y").values();
        double largest = Arrays.stream(y).map(Math::abs).max().orElseThrow();
        double[] near = y.clone();
        near[0] += 0.019 * largest;
        double[] far = y.clone();
        far[0] += 0.021 * largest;

        golden.compare("out.y", near);
        assertThatThrownBy(() -> golden.compare("out.y", far)).isInstanceOf(AssertionError.class);
    }

    @Test
    void brokenFilesAreRefusedWithTheirName() {
        byte[] cut = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 99, 0, '{'};

        assertThatThrownBy(() -> Npy.parse("cut.npy", cut))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cut.npy");
        assertThatThrownBy(() -> Npy.parse("text.npy", new byte[] {1, 2, 3}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("text.npy");
        assertThatThrownBy(() -> Npy.resource("/golden/none.npy"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("/golden/none.npy");
    }
}
