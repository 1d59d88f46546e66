package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kernels run right on the software device, with and without the checks of each access. */
class SoftwareKernelsTest {
    @ParameterizedTest
    @ValueSource(strings = {"faults", "faults.checked"})
    void gridStride(String module) {
        try (SoftwareDriver cuda = new SoftwareDriver(module)) {
            int n = 100_003;
            float[] x = new float[n];
            float[] y = new float[n];
            for (int i = 0; i < n; i++) {
                x[i] = i % 17;
                y[i] = i % 5;
            }
            long deviceX = cuda.upload(x);
            long deviceY = cuda.upload(y);
            assertThat(cuda.launch("axpy", 7, 256, 0, n, 2f, deviceX, deviceY)).isZero();
            float[] result = cuda.download(deviceY, n);
            for (int i = 0; i < n; i++) {
                assertThat(result[i]).isEqualTo(2f * x[i] + y[i]);
            }
            cuda.expectNoFault();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"faults", "faults.checked"})
    void shufflesSharedMemoryAndBarriers(String module) {
        try (SoftwareDriver cuda = new SoftwareDriver(module)) {
            float[] x = new float[1000];
            for (int i = 0; i < x.length; i++) {
                x[i] = i;
            }
            long result = cuda.allocate(4);
            long deviceX = cuda.upload(x);
            assertThat(cuda.launch("sum", 1, 1024, 0, x.length, deviceX, result))
                    .isZero();
            assertThat(cuda.download(result, 1)).containsExactly(499_500f);
            cuda.expectNoFault();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"faults", "faults.checked"})
    void dynamicSharedMemoryVotesAndAtomics(String module) {
        try (SoftwareDriver cuda = new SoftwareDriver(module)) {
            int n = 50;
            long x = cuda.upload(IntStream.range(0, n).toArray());
            long votes = cuda.upload(0, 0, 41);
            assertThat(cuda.launch("reverse", 1, 96, 4 * n, n, x, votes)).isZero();
            assertThat(cuda.downloadIntegers(x, n))
                    .isEqualTo(IntStream.range(0, n).map(i -> n - 1 - i).toArray());
            assertThat(cuda.downloadIntegers(votes, 3)).containsExactly(n, -1, 42);
            cuda.expectNoFault();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"faults", "faults.checked"})
    void halvesOfAWarpByThemselves(String module) {
        try (SoftwareDriver cuda = new SoftwareDriver(module)) {
            long result = cuda.allocate(4 * 32);
            assertThat(cuda.launch("halves", 1, 32, 0, result)).isZero();
            int[] expected = new int[32];
            for (int t = 0; t < 32; t++) {
                int lane = 31 - t;
                int pair = lane + (lane ^ 1);
                expected[t] = lane < 16 ? pair + (lane ^ 2) + (lane ^ 3) : pair;
            }
            assertThat(cuda.downloadIntegers(result, 32)).isEqualTo(expected);
            cuda.expectNoFault();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"faults", "faults.checked"})
    void parametersOfAllSizes(String module) {
        try (SoftwareDriver cuda = new SoftwareDriver(module)) {
            long c = cuda.upload(1000);
            long e = cuda.allocate(8);
            assertThat(cuda.launch("parameters", 1, 1, 0, (byte) -3, 50.0, c, (short) 7, e))
                    .isZero();
            assertThat(cuda.downloadIntegers(e, 2)).containsExactly(1054, 0);
            MemorySegment offset = cuda.arena.allocate(ValueLayout.JAVA_LONG);
            MemorySegment bytes = cuda.arena.allocate(ValueLayout.JAVA_LONG);
            long[][] expected = {{0, 1}, {8, 8}, {16, 8}, {24, 2}, {32, 8}};
            for (int i = 0; i < expected.length; i++) {
                cuda.check("cuFuncGetParamInfo", cuda.kernel("parameters"), (long) i, offset, bytes);
                assertThat(new long[] {offset.get(ValueLayout.JAVA_LONG, 0), bytes.get(ValueLayout.JAVA_LONG, 0)})
                        .isEqualTo(expected[i]);
            }
            assertThat(cuda.call("cuFuncGetParamInfo", cuda.kernel("parameters"), 5L, offset, bytes))
                    .isEqualTo(SoftwareDriver.INVALID_VALUE);
            cuda.expectNoFault();
        }
    }
}
