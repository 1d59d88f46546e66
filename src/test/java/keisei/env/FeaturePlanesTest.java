package keisei.env;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.PlaneProgram.Plane;
import keisei.device.cpu.CpuDevice;
import keisei.shogi.Game;
import keisei.shogi.Variant;
import keisei.shogi.notation.Sfen;
import keisei.shogi.notation.Usi;
import org.junit.jupiter.api.Test;

/** Planes as a network sees them, by an interpreter of the plane program, and the same by the CPU device. */
class FeaturePlanesTest {
    private static final int MAX_PLIES = 200;

    @Test
    void theStartPositionHasItsGoldenPlanes() {
        double[][] planes = planes("core46", Variant.SHOGI, Variant.SHOGI.startSfen());

        assertThat(planes).hasDimensions(46, 81);
        assertThat(ones(planes[0])).containsExactly(54, 55, 56, 57, 58, 59, 60, 61, 62);
        assertThat(ones(planes[1])).containsExactly(72, 80);
        assertThat(ones(planes[2])).containsExactly(73, 79);
        assertThat(ones(planes[3])).containsExactly(74, 78);
        assertThat(ones(planes[4])).containsExactly(75, 77);
        assertThat(ones(planes[5])).containsExactly(64);
        assertThat(ones(planes[6])).containsExactly(70);
        assertThat(ones(planes[7])).containsExactly(76);
        assertThat(ones(planes[14])).containsExactly(18, 19, 20, 21, 22, 23, 24, 25, 26);
        assertThat(ones(planes[19])).containsExactly(16);
        assertThat(ones(planes[20])).containsExactly(10);
        assertThat(ones(planes[21])).containsExactly(4);
        assertThat(sum(Arrays.copyOf(planes, 28))).isEqualTo(40);
        assertThat(sum(Arrays.copyOfRange(planes, 28, 46))).isEqualTo(81);
        assertThat(ones(planes[42])).hasSize(81);
    }

    @Test
    void afterOneMoveWhiteSeesTheSameArmyAndOnePly() {
        double[][] planes = planes("core46", Variant.SHOGI, Variant.SHOGI.startSfen(), "2g2f");

        assertThat(ones(planes[0])).containsExactly(54, 55, 56, 57, 58, 59, 60, 61, 62);
        assertThat(ones(planes[7])).containsExactly(76);
        assertThat(ones(planes[21])).containsExactly(4);
        assertThat(sum(new double[][] {planes[42]})).isZero();
        assertThat(planes[43]).containsOnly(1.0 / MAX_PLIES);
    }

    @Test
    void handsAreSharesOfWhatExists() {
        double[][] planes = planes("core46", Variant.SHOGI, "4k4/9/9/9/9/9/9/9/4K4 w 2R3P2b9p 1");

        assertThat(planes[28]).containsOnly(9 / 18.0);
        assertThat(planes[33]).containsOnly(1.0);
        assertThat(planes[35]).containsOnly(3 / 18.0);
        assertThat(planes[41]).containsOnly(1.0);
        assertThat(planes[34]).containsOnly(0.0);
    }

    @Test
    void promotedPiecesHaveTheirOwnPlanes() {
        double[][] planes = planes("core46", Variant.SHOGI, "4k4/9/9/+P8/9/9/9/8+r/4K4 b - 1");

        assertThat(ones(planes[8])).containsExactly(27);
        assertThat(ones(planes[27])).containsExactly(71);
        assertThat(ones(planes[0])).isEmpty();
    }

    @Test
    void optionalPlanesSayWhatTheirNamesSay() {
        double[][] planes = planes("core46+all", Variant.SHOGI, "4k4/9/9/9/9/9/9/9/K4R3 b P 1", "4i5i");

        assertThat(planes).hasNumberOfRows(51);
        assertThat(planes[46]).as("White is in check").containsOnly(1.0);
        assertThat(planes[47]).as("first occurrence").containsOnly(0.25);
        assertThat(ones(planes[48])).hasSize(27).endsWith(26);
        assertThat(ones(planes[49])).as("5i as White sees it").containsExactly(80 - 76);
        assertThat(ones(planes[50])).as("White holds nothing").isEmpty();
    }

    @Test
    void theHandFlagIsOnTheFirstSquareOnly() {
        assertThat(ones(planes("core46+hand_onehot", Variant.SHOGI, "4k4/9/9/9/9/9/9/9/4K4 b 2P 1")[46]))
                .containsExactly(0);
        assertThat(ones(planes("core46+hand_onehot", Variant.SHOGI, "4k4/9/9/9/9/9/9/9/4K4 b 2p 1")[46]))
                .isEmpty();
    }

    @Test
    void lastTwoMovesAreMarkedWhereTheMoverSeesThem() {
        double[][] planes = planes("core46+last2ply", Variant.SHOGI, Variant.SHOGI.startSfen(), "7g7f", "3c3d");

        assertThat(ones(planes[46])).containsExactly(33, 47);
    }

    @Test
    void theThirdOccurrenceIsThreeQuarters() {
        String[] cycle = {"2h3h", "8b7b", "3h2h", "7b8b"};
        String[] twice = new String[8];
        Arrays.setAll(twice, i -> cycle[i % 4]);

        double[][] planes = planes("core46+repetition", Variant.SHOGI, Variant.SHOGI.startSfen(), twice);

        assertThat(planes[46]).containsOnly(0.75);
    }

    @Test
    void minishogiHasFiveRowsAndItsOwnLimits() {
        double[][] planes = planes("core46+prom_zone", Variant.MINISHOGI, "4k/5/5/5/K4 b R2P 1");

        assertThat(planes).hasDimensions(47, 25);
        assertThat(planes[28]).containsOnly(1.0);
        assertThat(planes[34]).containsOnly(0.5);
        assertThat(ones(planes[46])).containsExactly(0, 1, 2, 3, 4);
    }

    private static double[][] planes(String features, Variant variant, String sfen, String... moves) {
        Game game = new Game(variant, EnvFixtures.rules(MAX_PLIES));
        game.reset(Sfen.parse(variant, sfen));
        for (String move : moves) {
            game.play(Usi.parseMove(variant, move));
        }
        FeatureSpec spec = FeatureSpec.of(features, variant, MAX_PLIES);
        byte[] record = new byte[spec.recordBytes()];
        new PositionPacker(variant, ObservationView.RELATIVE).write(game, MemorySegment.ofArray(record), 0);
        double[][] planes = new double[spec.planes()][variant.squares()];
        for (int plane = 0; plane < planes.length; plane++) {
            fill(spec.program().planes().get(plane), variant.size(), record, planes[plane]);
        }
        assertThat(planesOfDevice(spec, record))
                .as("the CPU device makes the same planes")
                .isDeepEqualTo(rounded(planes));
        return planes;
    }

    private static float[][] planesOfDevice(FeatureSpec spec, byte[] record) {
        int squares = spec.variant().squares();
        float[] image = new float[squares * spec.channels()];
        try (CpuDevice device = new CpuDevice(1);
                DeviceBuffer packed = device.allocate(DType.U8, record.length, "test");
                DeviceBuffer out = device.allocate(DType.F32, image.length, "test")) {
            device.write(packed.all(), MemorySegment.ofArray(record));
            device.rollout().expandPlanes(1, spec.program(), packed.all(), out.all());
            device.read(out.all(), MemorySegment.ofArray(image));
        }
        float[][] planes = new float[spec.planes()][squares];
        for (int square = 0; square < squares; square++) {
            for (int channel = 0; channel < spec.channels(); channel++) {
                float value = image[square * spec.channels() + channel];
                if (channel < spec.planes()) {
                    planes[channel][square] = value;
                } else {
                    assertThat(value).as("padding").isZero();
                }
            }
        }
        return planes;
    }

    private static float[][] rounded(double[][] planes) {
        float[][] rounded = new float[planes.length][planes[0].length];
        for (int plane = 0; plane < planes.length; plane++) {
            for (int square = 0; square < planes[plane].length; square++) {
                rounded[plane][square] = (float) planes[plane][square];
            }
        }
        return rounded;
    }

    private static void fill(Plane plane, int size, byte[] record, double[] out) {
        switch (plane) {
            case Plane.BoardCode code -> {
                for (int square = 0; square < out.length; square++) {
                    out[square] = record[square] == code.code() ? 1 : 0;
                }
            }
            case Plane.Constant constant -> {
                int value = record[constant.offset()] & 255;
                if (constant.bytes() == 2) {
                    value |= (record[constant.offset() + 1] & 255) << 8;
                }
                Arrays.fill(out, Math.min(constant.limit(), value * constant.scale()));
            }
            case Plane.TopRows rows -> Arrays.fill(out, 0, rows.rows() * size, 1);
            case Plane.Squares squares -> {
                for (int i = 0; i < squares.count(); i++) {
                    int square = record[squares.offset() + i] & 255;
                    if (square != 255) {
                        out[square] = 1;
                    }
                }
            }
            case Plane.CornerIfAny corner -> {
                for (int i = 0; i < corner.count(); i++) {
                    out[0] = record[corner.offset() + i] != 0 ? 1 : out[0];
                }
            }
            case Plane.Zero zero -> {}
        }
    }

    private static int[] ones(double[] plane) {
        int[] squares = new int[plane.length];
        int count = 0;
        for (int square = 0; square < plane.length; square++) {
            if (plane[square] == 1) {
                squares[count++] = square;
            }
        }
        return Arrays.copyOf(squares, count);
    }

    private static double sum(double[][] planes) {
        return Arrays.stream(planes).flatMapToDouble(Arrays::stream).sum();
    }
}
