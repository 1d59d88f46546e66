package keisei.device;

import static keisei.device.Conformance.cases;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Planes, minibatches, advantages, optimizer, results on their way back. */
interface TrainingConformance extends Conformance {
    @Test
    default void planesOfPackedPositionsAgreeWithFloat64() {
        PlaneProgram.Plane[] planes = {
            new PlaneProgram.Plane.BoardCode(1),
            new PlaneProgram.Plane.BoardCode(3),
            new PlaneProgram.Plane.Constant(25, 1, 0.125, 0.5),
            new PlaneProgram.Plane.Zero(),
            new PlaneProgram.Plane.Constant(26, 2, 1 / 512.0, 100),
            new PlaneProgram.Plane.TopRows(2),
            new PlaneProgram.Plane.Squares(28, 3),
            new PlaneProgram.Plane.CornerIfAny(31, 2),
            new PlaneProgram.Plane.BoardCode(1),
            new PlaneProgram.Plane.BoardCode(200)
        };
        for (int bound : new int[] {4, 30, 256}) {
            int channels = bound == 30 ? 16 : 13;
            PlaneProgram program = new PlaneProgram(5, 5, 40, channels, List.of(planes));
            agrees(
                    "planes of codes below " + bound,
                    1e-7,
                    bound,
                    trial -> trial.device()
                            .rollout()
                            .expandPlanes(
                                    7,
                                    program,
                                    trial.bytes("packed", 7 * 40, bound),
                                    trial.activationOutput("out", 7 * 25 * channels)));
        }
    }

    @Test
    default void aReadbackHoldsTheSourceAsItWasWhenTheReadbackStarted() {
        try (Device device = open(2);
                DeviceBuffer first = device.allocate(DType.I32, 70, "first");
                DeviceBuffer second = device.allocate(DType.I32, 70, "second");
                Readback one = device.newReadback(70 * Integer.BYTES);
                Readback other = device.newReadback(70 * Integer.BYTES)) {
            for (int round = 1; round <= 5; round++) {
                device.elementwise().fill(first.all(), round);
                one.start(first.all());
                device.elementwise().fill(first.all(), -round);
                device.elementwise().fill(second.all(), 10 * round);
                other.start(second.all().range(3, 20));
                device.elementwise().fill(second.all(), 0);

                // The later one first; and an earlier result stays while another comes.
                assertThat(ints(other, 20)).containsOnly(10 * round);
                assertThat(ints(one, 70)).containsOnly(round);
                one.start(second.all());
                one.start(first.all());
                assertThat(ints(one, 70)).containsOnly(-round);
                assertThat(ints(other, 20)).containsOnly(10 * round);
            }
            try (DeviceBuffer large = device.allocate(DType.I32, 71, "large")) {
                assertThatThrownBy(() -> other.start(large.all())).isInstanceOf(IllegalArgumentException.class);
            }
        }
    }

    private static int[] ints(Readback readback, int count) {
        return readback.await().asSlice(0, (long) count * Integer.BYTES).toArray(ValueLayout.JAVA_INT);
    }

    @Test
    default void gatheredRowsAgree() {
        agrees("gather", 0, 1, trial -> {
            RolloutKernels kernels = trial.device().rollout();
            int[] rows = new int[150];
            for (int i = 0; i < rows.length; i++) {
                rows[i] = i * 7 % 11;
            }
            Slice index = trial.ints("index", rows);
            kernels.gatherRows(150, 6, trial.normal("source", 66), index, trial.output("reals", 900));
            kernels.gatherRows(150, 16, trial.normal("long", 176), index, trial.output("long reals", 2400));
            Slice image = trial.activation("image", 11 * 25);
            kernels.gatherRows(150, 25, image, index, trial.activationOutput("images", 3750));
            Slice records = trial.compared("records", trial.bytes("records", 2400, 3));
            kernels.gatherRows(150, 16, trial.bytes("source records", 176, 200), index, records);
            Slice bytes = trial.compared("bytes", trial.bytes("bytes", 900, 3));
            kernels.gatherRows(150, 6, trial.bytes("source bytes", 66, 200), index, bytes);
            Slice ints = trial.compared("ints", trial.ints("ints", new int[150]));
            kernels.gatherRows(150, 1, trial.ints("source ints", 5, 4, 3, 2, 1, 0, -1, -2, -3, -4, -5), index, ints);
        });
    }

    @Test
    default void advantagesAgreeWithFloat64() {
        cases(10, 80, random -> {
            int steps = 1 + random.nextInt(20);
            int games = 1 + random.nextInt(9);
            double sign = random.nextBoolean() ? 1 : -1;
            agrees("advantages %dx%d, sign %s".formatted(steps, games, sign), tolerance(), steps, trial -> {
                int size = steps * games;
                trial.device()
                        .rollout()
                        .gae(
                                steps,
                                games,
                                0.99,
                                0.95,
                                sign,
                                trial.normal("reward", size),
                                trial.normal("value", size),
                                trial.normal("last value", games),
                                trial.normal("final value", size),
                                rare(trial, "terminated", size),
                                rare(trial, "truncated", size),
                                trial.output("advantage", size),
                                trial.output("returns", size));
            });
        });
    }

    private static Slice rare(Trial trial, String name, int length) {
        Slice flags = trial.bytes(name, length, 5);
        double[] values = Trial.values(trial.device(), flags);
        for (int i = 0; i < length; i++) {
            values[i] = values[i] == 0 ? 1 : 0;
        }
        Trial.writeValues(trial.device(), flags, values);
        return flags;
    }

    @Test
    default void normalizedAdvantagesAgreeWithFloat64() {
        for (int length : new int[] {0, 1, 2, 3, 1000, 9000}) {
            agrees("normalize " + length, tolerance(), length, trial -> {
                Slice x = trial.compared("x", trial.normal("x", length, 3, 0.5));
                trial.device().rollout().normalize(x, 1e-8);
            });
        }
    }

    @Test
    default void adamAgreesWithFloat64() {
        AdamSettings[] variants = {
            new AdamSettings(0.9, 0.999, 1e-8, 0, false, 0),
            new AdamSettings(0.9, 0.999, 1e-8, 0.01, false, 0.5),
            new AdamSettings(0.8, 0.99, 1e-5, 0.02, true, 1000)
        };
        for (AdamSettings settings : variants) {
            for (int length : new int[] {1, 50, 40_001}) {
                agrees("Adam %d %s".formatted(length, settings), tolerance(), length, trial -> {
                    OptimizerKernels kernels = trial.device().optimizer();
                    Slice control = trial.compared("control", trial.real("control", 0.01f, 0, 0, 4, 0));
                    Slice parameter = trial.output("parameter", length);
                    Slice moment1 = trial.compared("moment1", trial.real("moment1", new double[length]));
                    Slice moment2 = trial.compared("moment2", trial.real("moment2", new double[length]));
                    for (int step = 0; step < 4; step++) {
                        Slice gradient = trial.normal("gradient " + step, length, 0.1, 1);
                        kernels.gradientNorm(gradient, control);
                        kernels.adam(settings, control, parameter, gradient, moment1, moment2);
                    }
                });
            }
        }
    }

    @Test
    default void gradientsThatAreNotFiniteChangeNothing() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            agrees("gradient with " + bad, 0, 1, trial -> {
                OptimizerKernels kernels = trial.device().optimizer();
                Slice control = trial.compared("control", trial.real("control", 0.5, 3, 0, 8, 5));
                Slice gradient = trial.real("gradient", 1, bad, 2);
                AdamSettings settings = new AdamSettings(0.9, 0.999, 1e-8, 0.1, true, 1);
                kernels.gradientNorm(gradient, control);
                kernels.adam(
                        settings,
                        control,
                        trial.output("parameter", 3),
                        gradient,
                        trial.output("moment1", 3),
                        trial.output("moment2", 3));
                kernels.updateLossScale(LossScaling.DYNAMIC, control);
            });
        }
    }

    @Test
    default void theLossScaleFollowsOverflowsAndGoodSteps() {
        LossScaling scaling = new LossScaling(8, 4, 0.25, 3, 1, 100);
        agrees("loss scale", 0, 1, trial -> {
            OptimizerKernels kernels = trial.device().optimizer();
            Slice good = trial.real("good gradient", 3, 4);
            Slice bad = trial.real("bad gradient", 3, Double.POSITIVE_INFINITY);
            Slice control = trial.real("control", 0, 0, 0, 8, 0);
            String steps = "gggggbggggggbbbbbgggg";
            for (int i = 0; i < steps.length(); i++) {
                kernels.gradientNorm(steps.charAt(i) == 'g' ? good : bad, control);
                kernels.updateLossScale(scaling, control);
                Slice after = trial.compared("control after " + i, trial.real("control " + i, 0, 0, 0, 0, 0));
                trial.device().elementwise().copy(control, after);
            }
        });
    }
}
