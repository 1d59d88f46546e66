package keisei.device;

import static keisei.device.Conformance.cases;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Convolutions and linear layers. */
interface ConvolutionConformance extends Conformance {
    private double convolutionTolerance() {
        return 1.5 * tolerance();
    }

    private static ConvolutionShape randomShape(Random random, int kernel) {
        int side = random.nextBoolean() ? 9 : 5;
        return new ConvolutionShape(side, side, 1 + random.nextInt(70), 1 + random.nextInt(70), kernel);
    }

    private static Slice weights(Trial trial, ConvolutionShape shape) {
        int fanIn = shape.kernel() * shape.kernel() * shape.inChannels();
        return trial.normal("w", shape.weightCount(), 0, Math.sqrt(2.0 / fanIn));
    }

    private void forwardAgrees(ConvolutionShape shape, int batch, int flags, long seed) {
        int out = batch * shape.spatial() * shape.outChannels();
        String what = "forward %s, batch %d, flags %d".formatted(shape, batch, flags);
        agrees(what, convolutionTolerance(), seed, trial -> {
            Device device = trial.device();
            Slice x = trial.activation("x", batch * shape.spatial() * shape.inChannels());
            Slice y = trial.activationOutput("y", out);
            Slice residual = (flags & 16) != 0 ? y : trial.activation("residual", out);
            Epilogue epilogue = new Epilogue(
                    (flags & 1) != 0 ? trial.normal("scale", shape.outChannels()) : null,
                    (flags & 2) != 0 ? trial.normal("shift", shape.outChannels()) : null,
                    (flags & 4) != 0 ? residual : null,
                    (flags & 8) != 0);
            try (PreparedWeights prepared = device.convolution().prepare(shape, weights(trial, shape))) {
                device.convolution().forward(prepared, batch, x, epilogue, y);
            }
        });
    }

    private void gradientsAgree(ConvolutionShape shape, int batch, boolean accumulate, boolean bias, long seed) {
        String what = "gradients %s, batch %d, accumulate %s, bias %s".formatted(shape, batch, accumulate, bias);
        agrees(what, convolutionTolerance(), seed, trial -> {
            Device device = trial.device();
            Slice x = trial.activation("x", batch * shape.spatial() * shape.inChannels());
            Slice dy = trial.activation("dy", batch * shape.spatial() * shape.outChannels());
            Slice dx = trial.activationOutput("dx", x.length());
            Slice dw = trial.roundedOutput("dw", shape.weightCount());
            Slice dbias = bias ? trial.output("dbias", shape.outChannels()) : null;
            try (PreparedWeights prepared = device.convolution().prepare(shape, weights(trial, shape))) {
                device.convolution().backwardData(prepared, batch, dy, dx, accumulate);
            }
            device.convolution().backwardWeights(shape, batch, x, dy, dw, dbias);
        });
    }

    @Test
    default void convolutionsOfRandomShapesAgreeWithFloat64() {
        for (int kernel : new int[] {1, 3}) {
            cases(
                    14,
                    kernel,
                    random -> forwardAgrees(
                            randomShape(random, kernel), 1 + random.nextInt(20), random.nextInt(32), kernel));
        }
    }

    @Test
    default void everyEpilogueAgreesWithFloat64() {
        for (int kernel : new int[] {1, 3}) {
            for (int out : new int[] {2, 33}) {
                for (int flags = 0; flags < 32; flags++) {
                    forwardAgrees(new ConvolutionShape(5, 5, 17, out, kernel), 3, flags, flags);
                }
            }
        }
    }

    @Test
    default void gradientsOfConvolutionsOfRandomShapesAgreeWithFloat64() {
        for (int kernel : new int[] {1, 3}) {
            cases(
                    14,
                    10 + kernel,
                    random -> gradientsAgree(
                            randomShape(random, kernel),
                            1 + random.nextInt(20),
                            random.nextBoolean(),
                            random.nextBoolean(),
                            random.nextLong()));
        }
    }

    @Test
    default void theShapesOfTheNetworkAgreeWithFloat64() {
        int[][] channels = {{5, 7}, {46, 16}, {48, 64}, {64, 64}, {64, 2}, {16, 1}, {1, 1}, {150, 140}};
        for (int[] pair : channels) {
            for (int kernel : new int[] {1, 3}) {
                for (int batch : new int[] {1, 2, 18}) {
                    if (batch == 2 || pair[0] < 100) {
                        ConvolutionShape shape = new ConvolutionShape(9, 9, pair[0], pair[1], kernel);
                        forwardAgrees(shape, batch, 2 + 8, 1);
                        gradientsAgree(shape, batch, batch == 1, true, 2);
                    }
                }
            }
        }
    }

    @Test
    default void boardsThatAreNotSquareAgreeWithFloat64() {
        forwardAgrees(new ConvolutionShape(4, 7, 6, 20, 3), 2, 15, 1);
        gradientsAgree(new ConvolutionShape(4, 7, 6, 20, 3), 2, true, true, 1);
        forwardAgrees(new ConvolutionShape(1, 2, 3, 3, 3), 7, 0, 1);
        gradientsAgree(new ConvolutionShape(1, 2, 3, 3, 3), 7, false, true, 1);
    }

    @Test
    default void invalidatedWeightsAreReadAgain() {
        for (int kernel : new int[] {1, 3}) {
            ConvolutionShape shape = new ConvolutionShape(9, 9, 6, 8, kernel);
            agrees("invalidate, kernel " + kernel, convolutionTolerance(), 1, trial -> {
                Device device = trial.device();
                Slice x = trial.activation("x", 81 * 6);
                Slice dy = trial.activation("dy", 81 * 8);
                Slice y = trial.activationOutput("y", 81 * 8);
                Slice dx = trial.activationOutput("dx", 81 * 6);
                Slice w = weights(trial, shape);
                try (PreparedWeights prepared = device.convolution().prepare(shape, w)) {
                    device.convolution().forward(prepared, 1, x, Epilogue.NONE, y);
                    device.convolution().backwardData(prepared, 1, dy, dx, false);
                    device.elementwise().scale(w, -3);
                    prepared.invalidate();
                    device.convolution().forward(prepared, 1, x, Epilogue.NONE, y);
                    device.convolution().backwardData(prepared, 1, dy, dx, false);
                }
            });
        }
    }

    @Test
    default void linearLayersOfRandomShapesAgreeWithFloat64() {
        cases(
                16,
                20,
                random -> linearAgrees(
                        1 + random.nextInt(170),
                        1 + random.nextInt(300),
                        1 + random.nextInt(20),
                        random.nextBoolean(),
                        random.nextBoolean()));
        linearAgrees(162, 1, 5, true, false);
        linearAgrees(1, 1, 1, true, true);
        linearAgrees(162, 3781, 130, true, true);
        linearAgrees(1100, 40, 7, false, false);
    }

    private void linearAgrees(int in, int out, int batch, boolean bias, boolean accumulate) {
        String what = "linear %d to %d, batch %d, bias %s, accumulate %s".formatted(in, out, batch, bias, accumulate);
        agrees(what, tolerance(), in, trial -> {
            Device device = trial.device();
            Slice x = trial.activation("x", batch * in);
            Slice w = trial.normal("w", in * out, 0, 1 / Math.sqrt(in));
            // Logits and their gradients are real, hidden layers activations.
            boolean hidden = out % 2 == 0;
            Slice dy = hidden ? trial.activation("dy", batch * out) : trial.normal("dy", batch * out);
            Slice b = bias ? trial.normal("b", out) : null;
            Slice y = hidden ? trial.activationOutput("y", batch * out) : trial.roundedOutput("y", batch * out);
            Slice dx = trial.activationOutput("dx", batch * in);
            Slice dw = trial.roundedOutput("dw", in * out);
            Slice dbias = bias ? trial.output("dbias", out) : null;
            try (PreparedWeights prepared = device.linear().prepare(in, out, w)) {
                device.linear().forward(prepared, batch, x, b, y);
                device.linear().backwardData(prepared, batch, dy, dx, accumulate);
                device.elementwise().scale(w, 0.5);
                prepared.invalidate();
                device.linear().forward(prepared, batch, x, b, trial.roundedOutput("second y", batch * out));
            }
            device.linear().backwardWeights(in, out, batch, x, dy, dw, dbias);
        });
    }
}
