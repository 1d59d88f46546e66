package keisei.golden;

import java.util.Locale;
import keisei.device.Activation;
import keisei.device.ConvolutionShape;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The primitives of network layers on each device against libtorch, one operation a case. */
@ParameterizedClass
@MethodSource("devices")
class PerOperationGoldenTest extends DeviceGoldenTests {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "conv3x3_c5_k7_bias",
                "conv3x3_c46_k16",
                "conv3x3_c16_k24_n1",
                "conv3x3_c64_k64",
                "conv1x1_c16_k2",
                "conv1x1_c16_k1_bias"
            })
    void convolutionsAndTheirGradientsAgree(String name) {
        GoldenCase golden = golden(name);
        Npy x = golden.input("x");
        Npy w = golden.input("w");
        int batch = x.extent(0);
        ConvolutionShape shape = new ConvolutionShape(x.extent(2), x.extent(3), w.extent(1), w.extent(0), w.extent(2));
        int c = shape.inChannels();
        int k = shape.outChannels();
        int taps = shape.kernel() * shape.kernel();
        boolean hasBias = golden.hasResult("grad.b");
        Slice input = rig.real(DeviceRig.channelsLast(batch, c, shape.spatial(), x.values()));
        Slice upstream = rig.real(DeviceRig.channelsLast(
                batch, k, shape.spatial(), golden.input("d_y").values()));
        Slice weights = rig.real(DeviceRig.channelsLast(k, c, taps, w.values()));
        PreparedWeights prepared = rig.closing(device.convolution().prepare(shape, weights));
        Slice y = rig.garbage(batch * shape.spatial() * k);
        Slice dx = rig.garbage(input.length());
        Slice dw = rig.zeros(weights.length());
        Slice dbias = hasBias ? rig.zeros(k) : null;

        Epilogue epilogue = hasBias ? Epilogue.bias(rig.real(golden.input("b").values())) : Epilogue.NONE;
        device.convolution().forward(prepared, batch, input, epilogue, y);
        device.convolution().backwardData(prepared, batch, upstream, dx, false);
        device.convolution().backwardWeights(shape, batch, input, upstream, dw, dbias);

        golden.compare("out.y", DeviceRig.channelsFirst(batch, k, shape.spatial(), rig.read(y)));
        golden.compare("grad.x", DeviceRig.channelsFirst(batch, c, shape.spatial(), rig.read(dx)));
        golden.compare("grad.w", DeviceRig.channelsFirst(k, c, taps, rig.read(dw)));
        if (dbias != null) {
            golden.compare("grad.b", rig.read(dbias));
        }

        device.convolution().backwardData(prepared, batch, upstream, dx, true);
        device.convolution().backwardWeights(shape, batch, input, upstream, dw, dbias);

        golden.compareMultiple("grad.x", 2, DeviceRig.channelsFirst(batch, c, shape.spatial(), rig.read(dx)));
        golden.compareMultiple("grad.w", 2, DeviceRig.channelsFirst(k, c, taps, rig.read(dw)));
        if (dbias != null) {
            golden.compareMultiple("grad.b", 2, rig.read(dbias));
        }
        golden.assertEveryResultWasCompared();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bn_train", "bn_train_n1"})
    void batchNormalisationInTrainingAgrees(String name) {
        GoldenCase golden = golden(name);
        Npy x = golden.input("x");
        int batch = x.extent(0);
        int channels = x.extent(1);
        int spatial = x.extent(2) * x.extent(3);
        int rows = batch * spatial;
        Slice input = rig.real(DeviceRig.channelsLast(batch, channels, spatial, x.values()));
        Slice upstream = rig.real(DeviceRig.channelsLast(
                batch, channels, spatial, golden.input("d_y").values()));
        Slice gamma = rig.real(golden.input("gamma").values());
        Slice beta = rig.real(golden.input("beta").values());
        Slice runningMean = rig.real(golden.input("running_mean").values());
        Slice runningVariance = rig.real(golden.input("running_var").values());
        Slice mean = rig.garbage(channels);
        Slice variance = rig.garbage(channels);
        Slice invStd = rig.garbage(channels);
        Slice y = rig.garbage(input.length());
        Slice dx = rig.garbage(input.length());
        Slice dGamma = rig.zeros(channels);
        Slice dBeta = rig.zeros(channels);

        device.normalization().statistics(rows, channels, input, mean, variance);
        device.normalization().inverseDeviation(variance, golden.constant("1"), invStd);
        device.normalization().updateRunning(rows, golden.constant("0"), mean, variance, runningMean, runningVariance);
        device.normalization().forward(rows, channels, input, mean, invStd, gamma, beta, null, false, y);
        device.normalization()
                .backward(
                        rows, channels, true, input, y, upstream, mean, invStd, gamma, false, dx, false, dGamma, dBeta,
                        null, false);

        golden.compare("out.save_mean", rig.read(mean));
        golden.compare("out.save_invstd", rig.read(invStd));
        golden.compare("out.running_mean", rig.read(runningMean));
        golden.compare("out.running_var", rig.read(runningVariance));
        golden.compare("out.y", DeviceRig.channelsFirst(batch, channels, spatial, rig.read(y)));
        golden.compare("grad.x", DeviceRig.channelsFirst(batch, channels, spatial, rig.read(dx)));
        golden.compare("grad.gamma", rig.read(dGamma));
        golden.compare("grad.beta", rig.read(dBeta));
        golden.assertEveryResultWasCompared();
    }

    @Test
    void batchNormalisationInEvaluationAgreesAlsoWhenFolded() {
        GoldenCase golden = golden("bn_eval");
        double epsilon = golden.constant("0");
        Npy x = golden.input("x");
        int batch = x.extent(0);
        int channels = x.extent(1);
        int spatial = x.extent(2) * x.extent(3);
        int rows = batch * spatial;
        double[] imageRows = DeviceRig.channelsLast(batch, channels, spatial, x.values());
        Slice input = rig.real(imageRows);
        Slice upstream = rig.real(DeviceRig.channelsLast(
                batch, channels, spatial, golden.input("d_y").values()));
        Slice gamma = rig.real(golden.input("gamma").values());
        Slice beta = rig.real(golden.input("beta").values());
        Slice mean = rig.real(golden.input("running_mean").values());
        Slice variance = rig.real(golden.input("running_var").values());
        Slice invStd = rig.garbage(channels);
        Slice y = rig.garbage(input.length());
        Slice dx = rig.garbage(input.length());
        Slice dGamma = rig.zeros(channels);
        Slice dBeta = rig.zeros(channels);
        Slice scale = rig.garbage(channels);
        Slice shift = rig.garbage(channels);

        device.normalization().inverseDeviation(variance, epsilon, invStd);
        device.normalization().forward(rows, channels, input, mean, invStd, gamma, beta, null, false, y);
        device.normalization()
                .backward(
                        rows, channels, false, input, y, upstream, mean, invStd, gamma, false, dx, false, dGamma, dBeta,
                        null, false);
        device.normalization().fold(epsilon, gamma, beta, mean, variance, null, scale, shift);

        golden.compare("out.y", DeviceRig.channelsFirst(batch, channels, spatial, rig.read(y)));
        golden.compare("grad.x", DeviceRig.channelsFirst(batch, channels, spatial, rig.read(dx)));
        golden.compare("grad.gamma", rig.read(dGamma));
        golden.compare("grad.beta", rig.read(dBeta));
        double[] factors = rig.read(scale);
        double[] offsets = rig.read(shift);
        double[] folded = new double[imageRows.length];
        for (int i = 0; i < folded.length; i++) {
            folded[i] = imageRows[i] * factors[i % channels] + offsets[i % channels];
        }
        golden.compare("out.y", DeviceRig.channelsFirst(batch, channels, spatial, folded));
        golden.assertEveryResultWasCompared();
    }

    @Test
    void squeezeAndExcitationAgrees() {
        GoldenCase golden = golden("se_c16");
        Npy x = golden.input("x");
        int batch = x.extent(0);
        int channels = x.extent(1);
        int spatial = x.extent(2) * x.extent(3);
        int hidden = golden.input("w1").extent(0);
        Slice input = rig.real(DeviceRig.channelsLast(batch, channels, spatial, x.values()));
        Slice upstream = rig.real(DeviceRig.channelsLast(
                batch, channels, spatial, golden.input("d_y").values()));
        SqueezeExciteKernels.Weights weights = new SqueezeExciteKernels.Weights(
                rig.real(golden.input("w1").values()),
                rig.real(golden.input("b1").values()),
                rig.real(golden.input("w2").values()),
                rig.real(golden.input("b2").values()));
        SqueezeExciteKernels.Weights gradients = new SqueezeExciteKernels.Weights(
                rig.zeros(hidden * channels), rig.zeros(hidden), rig.zeros(channels * hidden), rig.zeros(channels));
        Slice pooled = rig.garbage(batch * channels);
        Slice hiddenOut = rig.garbage(batch * hidden);
        Slice gate = rig.garbage(batch * channels);
        Slice y = rig.garbage(input.length());
        Slice dx = rig.garbage(input.length());

        device.squeezeExcite()
                .forward(batch, spatial, channels, hidden, input, weights, null, false, pooled, hiddenOut, gate, y);
        device.squeezeExcite()
                .backward(
                        batch, spatial, channels, hidden, input, y, upstream, weights, false, pooled, hiddenOut, gate,
                        dx, false, gradients, null, false);

        golden.compare("out.pool", rig.read(pooled));
        golden.compare("out.hidden", rig.read(hiddenOut));
        golden.compare("out.scale", rig.read(gate));
        golden.compare("out.y", DeviceRig.channelsFirst(batch, channels, spatial, rig.read(y)));
        golden.compare("grad.x", DeviceRig.channelsFirst(batch, channels, spatial, rig.read(dx)));
        golden.compare("grad.w1", rig.read(gradients.w1()));
        golden.compare("grad.b1", rig.read(gradients.b1()));
        golden.compare("grad.w2", rig.read(gradients.w2()));
        golden.compare("grad.b2", rig.read(gradients.b2()));
        golden.assertEveryResultWasCompared();
    }

    @Test
    void linearLayersAgree() {
        GoldenCase golden = golden("linear_162_x_37");
        Npy w = golden.input("w");
        int out = w.extent(0);
        int in = w.extent(1);
        int batch = golden.input("x").extent(0);
        Slice x = rig.real(golden.input("x").values());
        Slice upstream = rig.real(golden.input("d_y").values());
        PreparedWeights prepared = rig.closing(device.linear().prepare(in, out, rig.real(w.values())));
        Slice y = rig.garbage(batch * out);
        Slice dx = rig.garbage(batch * in);
        Slice dw = rig.zeros(out * in);
        Slice dbias = rig.zeros(out);

        device.linear().forward(prepared, batch, x, rig.real(golden.input("b").values()), y);
        device.linear().backwardData(prepared, batch, upstream, dx, false);
        device.linear().backwardWeights(in, out, batch, x, upstream, dw, dbias);

        golden.compare("out.y", rig.read(y));
        golden.compare("grad.x", rig.read(dx));
        golden.compare("grad.w", rig.read(dw));
        golden.compare("grad.b", rig.read(dbias));

        device.linear().backwardData(prepared, batch, upstream, dx, true);
        device.linear().backwardWeights(in, out, batch, x, upstream, dw, dbias);

        golden.compareMultiple("grad.x", 2, rig.read(dx));
        golden.compareMultiple("grad.w", 2, rig.read(dw));
        golden.compareMultiple("grad.b", 2, rig.read(dbias));
        golden.assertEveryResultWasCompared();
    }

    @ParameterizedTest
    @ValueSource(strings = {"relu", "tanh", "sigmoid"})
    void activationsAgree(String name) {
        GoldenCase golden = golden(name);
        Activation f = Activation.valueOf(name.toUpperCase(Locale.ROOT));
        Slice x = rig.real(golden.input("x").values());
        Slice y = rig.garbage(x.length());
        Slice dx = rig.garbage(x.length());

        device.elementwise().activate(f, x, y);
        device.elementwise().activateBackward(f, y, rig.real(golden.input("d_y").values()), dx, false);

        golden.compare("out.y", rig.read(y));
        golden.compare("grad.x", rig.read(dx));
        golden.assertEveryResultWasCompared();
    }
}
