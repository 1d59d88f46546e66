package keisei.device;

import static keisei.device.Conformance.cases;

import org.junit.jupiter.api.Test;

/** Element-wise primitives, batch normalisation, squeeze-and-excitation. */
interface LayerConformance extends Conformance {
    @Test
    default void elementwisePrimitivesAgreeWithFloat64() {
        for (int length : new int[] {0, 1, 7, 33, 40_000}) {
            agrees("element-wise, length " + length, tolerance(), length, trial -> {
                ElementwiseKernels kernels = trial.device().elementwise();
                Slice a = trial.activation("a", length);
                Slice b = trial.activation("b", length);
                kernels.fill(trial.activationOutput("filled", length), -2.5);
                kernels.copy(a, trial.activationOutput("copied", length));
                kernels.copy(a, trial.output("copied to real", length));
                kernels.copy(trial.normal("real", length), trial.activationOutput("copied from real", length));
                kernels.fill(trial.output("filled reals", length), -1e-3);
                kernels.add(a, b, trial.activationOutput("sum", length));
                Slice inPlace = trial.activationOutput("sum in place", length);
                kernels.add(a, inPlace, inPlace);
                kernels.accumulate(b, trial.activationOutput("accumulated", length));
                kernels.scale(trial.activationOutput("scaled", length), 0.37);
                kernels.fill(trial.compared("filled ints", trial.ints("ints", new int[length])), -7.9);
                Slice source = trial.bytes("bytes", length, 256);
                kernels.copy(source, trial.compared("copied bytes", trial.bytes("more bytes", length, 9)));
                for (Activation f : Activation.values()) {
                    kernels.activate(f, a, trial.activationOutput(f + " out", length));
                    Slice y = trial.activation(f + " y", length, 0, 0.5);
                    kernels.activateBackward(f, y, b, trial.activationOutput(f + " dx", length), false);
                    kernels.activateBackward(f, y, b, trial.activationOutput(f + " dx accumulated", length), true);
                    Slice gradient = trial.activationOutput(f + " in place", length);
                    kernels.activateBackward(f, y, gradient, gradient, false);
                    Slice activated = trial.activationOutput(f + " activated in place", length);
                    kernels.activate(f, activated, activated);
                }
            });
        }
    }

    @Test
    default void activationsOfExtremeValuesAgreeWithFloat64() {
        agrees("extremes", tolerance(), 1, trial -> {
            Slice x = trial.activation("x", -0.0, 0, 1e-40f, -1e-40f, 90, -90, 700, -700);
            for (Activation f : Activation.values()) {
                trial.device().elementwise().activate(f, x, trial.activationOutput(f + " y", x.length()));
            }
        });
    }

    @Test
    default void flattenedImagesAgreeWithFloat64() {
        cases(6, 30, random -> {
            int channels = 1 + random.nextInt(9);
            int batch = 1 + random.nextInt(6);
            int length = batch * 81 * channels;
            agrees("flatten " + channels, 1e-7, 1, trial -> {
                ElementwiseKernels kernels = trial.device().elementwise();
                Slice x = trial.activation("x", length);
                Slice dy = trial.normal("dy", length);
                kernels.flattenChannelMajor(batch, 81, channels, x, trial.activationOutput("y", length));
                kernels.flattenChannelMajor(batch, 81, channels, x, trial.output("real y", length));
                kernels.flattenChannelMajorBackward(
                        batch, 81, channels, x, trial.activationOutput("dx", length), false);
                kernels.flattenChannelMajorBackward(
                        batch, 81, channels, dy, trial.activationOutput("dx of real", length), false);
                kernels.flattenChannelMajorBackward(
                        batch, 81, channels, x, trial.activationOutput("dx accumulated", length), true);
            });
        });
    }

    @Test
    default void batchNormalisationAgreesWithFloat64() {
        cases(16, 40, random -> {
            int rows = random.nextInt(4) == 0 ? 1 + random.nextInt(3) : 1 + random.nextInt(900);
            batchNormalisationAgrees(rows, 1 + random.nextInt(70), random.nextInt(32));
        });
        // Channels that fill wide accesses, and more than one block has threads for.
        for (int flags = 0; flags < 32; flags++) {
            batchNormalisationAgrees(300, 64, flags);
        }
        batchNormalisationAgrees(1500, 16, 31);
        batchNormalisationAgrees(5, 2080, 7);
        batchNormalisationAgrees(6, 2080, 3);
    }

    private void batchNormalisationAgrees(int rows, int channels, int flags) {
        boolean relu = (flags & 1) != 0;
        boolean withResidual = (flags & 2) != 0;
        boolean batchStatistics = (flags & 4) != 0;
        boolean accumulate = (flags & 8) != 0;
        boolean accumulateResidual = (flags & 16) != 0;
        String what = "batch norm %dx%d, relu %s, residual %s, batch statistics %s"
                .formatted(rows, channels, relu, withResidual, batchStatistics);
        agrees(what, tolerance(), rows, trial -> {
            NormalizationKernels kernels = trial.device().normalization();
            int size = rows * channels;
            Slice x = trial.activation("x", size, 0.5, 2);
            kernels.statistics(rows, channels, x, trial.output("mean", channels), trial.output("variance", channels));
            Slice variance = trial.real("given variance", positive(channels));
            kernels.inverseDeviation(variance, 1e-5, trial.output("computed invStd", channels));
            Slice mean = trial.normal("given mean", channels);
            kernels.updateRunning(
                    rows,
                    0.1,
                    mean,
                    variance,
                    trial.output("running mean", channels),
                    trial.output("running variance", channels));
            Slice invStd = trial.real("invStd", positive(channels));
            Slice gamma = trial.normal("gamma", channels);
            Slice beta = trial.normal("beta", channels);
            Slice residual = withResidual ? trial.activation("residual", size) : null;
            kernels.forward(
                    rows, channels, x, mean, invStd, gamma, beta, residual, relu, trial.activationOutput("y", size));
            Slice inPlace = trial.activationOutput("y in place", size);
            kernels.forward(rows, channels, inPlace, mean, invStd, gamma, beta, residual, relu, inPlace);
            kernels.backward(
                    rows,
                    channels,
                    batchStatistics,
                    x,
                    trial.activation("given y", size),
                    trial.activation("dy", size),
                    mean,
                    invStd,
                    gamma,
                    relu,
                    trial.activationOutput("dx", size),
                    accumulate,
                    trial.output("dGamma", channels),
                    trial.output("dBeta", channels),
                    withResidual ? trial.activationOutput("dResidual", size) : null,
                    accumulateResidual);
            kernels.fold(
                    1e-5,
                    gamma,
                    beta,
                    mean,
                    variance,
                    withResidual ? trial.normal("bias", channels) : null,
                    trial.output("scale", channels),
                    trial.output("shift", channels));
        });
    }

    private static double[] positive(int length) {
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (0.1 + 0.37 * (i % 11));
        }
        return values;
    }

    @Test
    default void variancesOfChannelsFarFromZeroAreNotCancelled() {
        for (int rows : new int[] {81, 5000}) {
            agrees("mean 50, deviation 0.01, rows " + rows, tolerance(), 1, trial -> {
                Slice x = trial.activation("x", rows * 20, 50, 0.01);
                Slice constant = trial.activation("constant", constant(rows, 3.3f));
                NormalizationKernels kernels = trial.device().normalization();
                kernels.statistics(rows, 20, x, trial.output("mean", 20), trial.output("variance", 20));
                kernels.statistics(rows, 1, constant, trial.output("constant mean", 1), trial.output("no variance", 1));
            });
        }
    }

    private static double[] constant(int length, double value) {
        double[] values = new double[length];
        java.util.Arrays.fill(values, value);
        return values;
    }

    @Test
    default void squeezeAndExcitationAgreesWithFloat64() {
        cases(14, 50, random -> {
            int spatial = random.nextBoolean() ? 81 : 25;
            int batch = 1 + random.nextInt(20);
            squeezeAndExcitationAgrees(
                    batch, spatial, 1 + random.nextInt(70), 1 + random.nextInt(20), random.nextInt(16));
        });
        // Channels that fill wide accesses, and more than one block has threads for; many positions.
        for (int flags = 0; flags < 16; flags++) {
            squeezeAndExcitationAgrees(3, 25, 64, 16, flags);
        }
        squeezeAndExcitationAgrees(2, 4, 2080, 300, 15);
        squeezeAndExcitationAgrees(150, 4, 8, 3, 1);
    }

    private void squeezeAndExcitationAgrees(int batch, int spatial, int channels, int hidden, int flags) {
        boolean relu = (flags & 1) != 0;
        boolean withResidual = (flags & 2) != 0;
        boolean accumulate = (flags & 4) != 0;
        boolean accumulateResidual = (flags & 8) != 0;
        String what = "squeeze and excitation %d, %d channels, %d hidden, relu %s, residual %s"
                .formatted(batch, channels, hidden, relu, withResidual);
        agrees(what, tolerance(), channels, trial -> {
            SqueezeExciteKernels kernels = trial.device().squeezeExcite();
            int size = batch * spatial * channels;
            Slice x = trial.activation("x", size, 0.3, 1);
            Slice residual = withResidual ? trial.activation("residual", size) : null;
            SqueezeExciteKernels.Weights weights = new SqueezeExciteKernels.Weights(
                    trial.normal("w1", hidden * channels),
                    trial.normal("b1", hidden),
                    trial.normal("w2", hidden * channels, 0, 0.5),
                    trial.normal("b2", channels));
            Slice pooled = trial.output("pooled", batch * channels);
            Slice hiddenOut = trial.output("hidden", batch * hidden);
            Slice gate = trial.output("gate", batch * channels);
            Slice y = trial.activationOutput("y", size);
            kernels.forward(batch, spatial, channels, hidden, x, weights, residual, relu, pooled, hiddenOut, gate, y);
            Slice inPlace = trial.activationOutput("y in place", size);
            kernels.forward(
                    batch, spatial, channels, hidden, x, weights, inPlace, relu, pooled, hiddenOut, gate, inPlace);
            kernels.backward(
                    batch,
                    spatial,
                    channels,
                    hidden,
                    x,
                    trial.activation("given y", size),
                    trial.activation("dy", size),
                    weights,
                    relu,
                    trial.normal("given pooled", batch * channels),
                    trial.normal("given hidden", batch * hidden),
                    trial.normal("given gate", batch * channels, 0.5, 0.1),
                    trial.activationOutput("dx", size),
                    accumulate,
                    new SqueezeExciteKernels.Weights(
                            trial.output("dw1", hidden * channels),
                            trial.output("db1", hidden),
                            trial.output("dw2", hidden * channels),
                            trial.output("db2", channels)),
                    withResidual ? trial.activationOutput("dResidual", size) : null,
                    accumulateResidual);
        });
    }
}
