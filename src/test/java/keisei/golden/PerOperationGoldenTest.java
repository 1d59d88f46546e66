package keisei.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import keisei.device.Activation;
import keisei.device.AdamSettings;
import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.Epilogue;
import keisei.device.OptimizerKernels;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.device.SqueezeExciteKernels;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each device's primitives against libtorch, one operation a case. */
@ParameterizedClass
@MethodSource("devices")
@SuppressWarnings("NullAway.Init") // fields are set by JUnit before each test
class PerOperationGoldenTest {
    private static final Set<String> CASES_TESTED_ELSEWHERE =
            Set.of("gae", "gae_alternating", "gae_truncation", "tower_d2_w16_se", "tower_d2_w16_nose");
    private static final Set<String> CASES_TESTED_HERE = Set.of(
            "conv3x3_c5_k7_bias",
            "conv3x3_c46_k16",
            "conv3x3_c16_k24_n1",
            "conv3x3_c64_k64",
            "conv1x1_c16_k2",
            "conv1x1_c16_k1_bias",
            "bn_train",
            "bn_train_n1",
            "bn_eval",
            "se_c16",
            "linear_162_x_37",
            "relu",
            "tanh",
            "sigmoid",
            "masked_log_softmax",
            "masked_logp_of_action",
            "masked_entropy",
            "masked_entropy_13527",
            "ppo_policy_loss",
            "value_loss_plain",
            "value_loss_clipped",
            "normalize_adv",
            "clip_grad_norm_above",
            "clip_grad_norm_below",
            "adam",
            "adam_l2",
            "adamw");
    private static final PpoLossSettings NO_LOSS = new PpoLossSettings(0.2, 0, 0, false);

    @Parameter
    Supplier<Device> supplier;

    private DeviceRig rig;
    private Device device;

    static Stream<Named<Supplier<Device>>> devices() {
        return Stream.of(
                Named.of("reference", ReferenceDevice::new),
                Named.of("cpu with 1 thread", () -> new CpuDevice(1)),
                Named.of("cpu with 2 threads", () -> new CpuDevice(2)));
    }

    @BeforeEach
    void openDevice() {
        device = supplier.get();
        rig = new DeviceRig(device);
    }

    @AfterEach
    void closeDevice() {
        rig.close();
    }

    private GoldenCase golden(String name) {
        assertThat(CASES_TESTED_HERE).contains(name);
        return new GoldenCase(name, device.realType());
    }

    @Test
    void everyCaseIsTestedHereOrElsewhere() {
        Set<String> known = new TreeSet<>(CASES_TESTED_ELSEWHERE);
        known.addAll(CASES_TESTED_HERE);

        assertThat(GoldenCase.names()).isEqualTo(known);
    }

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

    @Test
    void maskedLogSoftmaxAgrees() {
        GoldenCase golden = golden("masked_log_softmax");
        Npy logits = golden.input("logits");
        int batch = logits.extent(0);
        int actions = logits.extent(1);
        Slice mask = rig.mask(golden.input("mask"));
        Slice out = rig.garbage(batch * actions);
        Slice dLogits = rig.garbage(batch * actions);

        device.policy().logSoftmax(batch, actions, rig.real(logits.values()), mask, out);
        device.policy()
                .logSoftmaxBackward(
                        batch,
                        actions,
                        out,
                        mask,
                        rig.real(golden.input("d_logp").values()),
                        dLogits,
                        false);

        golden.compare("out.logp", rig.read(out));
        golden.compare("grad.logits", rig.read(dLogits));
        golden.assertEveryResultWasCompared();
    }

    @Test
    void maskedLogProbabilityOfAnActionAgrees() {
        GoldenCase golden = golden("masked_logp_of_action");
        double[] actionNumbers = golden.input("action").values();
        int[] taken = Arrays.stream(actionNumbers).mapToInt(a -> (int) a).toArray();
        double[] upstream = golden.input("d_logp").values();

        Evaluation evaluation = evaluate(golden, taken, upstream, new double[upstream.length]);

        golden.compare("out.logp", evaluation.logProbability());
        golden.compare("grad.logits", evaluation.dLogits());
        golden.assertEveryResultWasCompared();
    }

    @ParameterizedTest
    @ValueSource(strings = {"masked_entropy", "masked_entropy_13527"})
    void maskedEntropyAgrees(String name) {
        GoldenCase golden = golden(name);
        Npy mask = golden.input("mask");
        int batch = mask.extent(0);
        int actions = mask.extent(1);
        int[] firstLegal = new int[batch];
        for (int n = 0; n < batch; n++) {
            while (mask.values()[n * actions + firstLegal[n]] == 0) {
                firstLegal[n]++;
            }
        }
        double[] upstream = new double[batch];
        Arrays.fill(upstream, 1.0 / batch);

        Evaluation evaluation = evaluate(golden, firstLegal, new double[batch], upstream);

        golden.compare("out.entropy", evaluation.entropy());
        golden.compare("out.mean", Arrays.stream(evaluation.entropy()).average().orElseThrow());
        golden.compare("grad.logits", evaluation.dLogits());
        golden.assertEveryResultWasCompared();
    }

    private record Evaluation(double[] logProbability, double[] entropy, double[] dLogits) {}

    private Evaluation evaluate(GoldenCase golden, int[] action, double[] dLogProbability, double[] dEntropy) {
        Npy logits = golden.input("logits");
        int batch = logits.extent(0);
        int actions = logits.extent(1);
        Slice scores = rig.real(logits.values());
        Slice mask = rig.mask(golden.input("mask"));
        Slice taken = rig.integers(action);
        Slice logProbability = rig.garbage(batch);
        Slice entropy = rig.garbage(batch);
        Slice dLogits = rig.garbage(batch * actions);
        device.policy().evaluate(batch, actions, scores, mask, taken, logProbability, entropy);
        device.policy()
                .evaluateBackward(
                        batch,
                        actions,
                        scores,
                        mask,
                        taken,
                        rig.real(dLogProbability),
                        rig.real(dEntropy),
                        dLogits,
                        false);
        return new Evaluation(rig.read(logProbability), rig.read(entropy), rig.read(dLogits));
    }

    /** What the loss gives: gradients as they are, metrics as sums over the rows. */
    private record Loss(double[] dLogits, double[] dValue, double[] metrics) {}

    /** The loss over two actions, both legal, of which the first is taken; null stands for zeros. */
    private Loss loss(
            PpoLossSettings settings,
            int batch,
            double @Nullable [] logits,
            double @Nullable [] oldLogProbability,
            double @Nullable [] advantage,
            double @Nullable [] value,
            double @Nullable [] oldValue,
            double @Nullable [] returns) {
        int[] mask = new int[batch];
        Arrays.fill(mask, 0b11);
        Slice dLogits = rig.garbage(2 * batch);
        Slice dValue = rig.garbage(batch);
        Slice metrics = rig.zeros(PpoLossKernels.METRICS);
        device.ppoLoss()
                .lossAndGradient(
                        batch,
                        2,
                        settings,
                        realOrZeros(logits, 2 * batch),
                        rig.integers(mask),
                        rig.integers(new int[batch]),
                        realOrZeros(oldLogProbability, batch),
                        realOrZeros(advantage, batch),
                        realOrZeros(value, batch),
                        realOrZeros(oldValue, batch),
                        realOrZeros(returns, batch),
                        dLogits,
                        dValue,
                        metrics);
        return new Loss(rig.read(dLogits), rig.read(dValue), rig.read(metrics));
    }

    private Slice realOrZeros(double @Nullable [] values, int length) {
        return values == null ? rig.zeros(length) : rig.real(values);
    }

    @Test
    void policyLossAgrees() {
        GoldenCase golden = golden("ppo_policy_loss");
        double[] logp = golden.input("logp").values();
        double[] oldLogp = golden.input("old_logp").values();
        double[] advantage = golden.input("adv").values();
        int batch = logp.length;
        // A second action holds the rest of the probability, so that the first one's is the case's.
        double[] logits = new double[2 * batch];
        for (int n = 0; n < batch; n++) {
            logits[2 * n] = logp[n];
            logits[2 * n + 1] = Math.log1p(-Math.exp(logp[n]));
        }
        PpoLossSettings settings = new PpoLossSettings(golden.constant("0"), 0, 0, false);

        Loss loss = loss(settings, batch, logits, oldLogp, advantage, null, null, null);

        double[] dLogp = new double[batch];
        double[] ratio = new double[batch];
        for (int n = 0; n < batch; n++) {
            double restProbability = -Math.expm1(logp[n]);
            dLogp[n] = loss.dLogits()[2 * n] / restProbability;
            assertThat(loss.dLogits()[2 * n + 1]).isEqualTo(-loss.dLogits()[2 * n], within(1e-7));
            double[] metricsOfRow = loss(
                            settings,
                            1,
                            Arrays.copyOfRange(logits, 2 * n, 2 * n + 2),
                            new double[] {oldLogp[n]},
                            null,
                            null,
                            null,
                            null)
                    .metrics();
            ratio[n] = Math.exp(-metricsOfRow[PpoLossKernels.KL_PLAIN]);
        }
        double[] metrics = loss.metrics();
        golden.compare("out.loss", metrics[PpoLossKernels.POLICY_LOSS] / batch);
        golden.compare("out.ratio", ratio);
        golden.compare("out.clip_fraction", metrics[PpoLossKernels.CLIPPED] / batch);
        golden.compare("out.approx_kl", metrics[PpoLossKernels.KL_LOW_VARIANCE] / batch);
        golden.compare("grad.logp", dLogp);
        double largest = Arrays.stream(golden.truth("out.ratio").values())
                .map(r -> Math.abs(r - 1))
                .max()
                .orElseThrow();
        assertThat(metrics[PpoLossKernels.MAX_RATIO_DEVIATION])
                .isEqualTo(largest, within(largest * golden.tolerance("out.ratio")));
        assertThat(metrics[PpoLossKernels.ROWS]).isEqualTo(batch);
        golden.assertEveryResultWasCompared();
    }

    @Test
    void plainValueLossAgrees() {
        GoldenCase golden = golden("value_loss_plain");
        double[] value = golden.input("v").values();
        double[] returns = golden.input("ret").values();
        PpoLossSettings settings = new PpoLossSettings(NO_LOSS.clipRange(), 0.5, 0, false);

        Loss loss = loss(settings, value.length, null, null, null, value, null, returns);

        golden.compare("out.loss", loss.metrics()[PpoLossKernels.VALUE_LOSS] / value.length);
        golden.compareMultiple("grad.v", 0.5, loss.dValue());
        golden.assertEveryResultWasCompared();
    }

    @Test
    void clippedValueLossAgrees() {
        GoldenCase golden = golden("value_loss_clipped");
        double[] value = golden.input("v").values();
        double[] oldValue = golden.input("old_v").values();
        double[] returns = golden.input("ret").values();
        PpoLossSettings settings = new PpoLossSettings(golden.constant("0"), 0.5, 0, true);

        Loss loss = loss(settings, value.length, null, null, null, value, oldValue, returns);

        golden.compare("out.loss", loss.metrics()[PpoLossKernels.VALUE_LOSS] / value.length);
        golden.compareMultiple("grad.v", 0.5, loss.dValue());
        golden.assertEveryResultWasCompared();
    }

    @Test
    void normalisedAdvantagesAgree() {
        GoldenCase golden = golden("normalize_adv");
        Slice x = rig.real(golden.input("adv").values());

        device.rollout().normalize(x, golden.constant("0"));

        golden.compare("out.y", rig.read(x));
        golden.assertEveryResultWasCompared();
    }

    @ParameterizedTest
    @ValueSource(strings = {"clip_grad_norm_above", "clip_grad_norm_below"})
    void clippedGradientsAgree(String name) {
        GoldenCase golden = golden(name);
        double[] g0 = golden.input("g0").values();
        double[] g1 = golden.input("g1").values();
        double[] g2 = golden.input("g2").values();
        Slice gradient = rig.real(concatenated(g0, g1, g2));
        int count = gradient.length();
        Slice control = rig.zeros(OptimizerKernels.CONTROL);
        Slice moment1 = rig.zeros(count);
        // Without memory the first moment is the clipped gradient itself.
        AdamSettings settings = new AdamSettings(0, 0.999, 1e-8, 0, false, golden.constant("max_norm"));

        device.optimizer().gradientNorm(gradient, control);
        device.optimizer().adam(settings, control, rig.zeros(count), gradient, moment1, rig.zeros(count));

        golden.compare("out.total_norm", rig.read(control)[OptimizerKernels.GRADIENT_NORM]);
        golden.compare("out.g0", rig.read(moment1.range(0, g0.length)));
        golden.compare("out.g1", rig.read(moment1.range(g0.length, g1.length)));
        golden.compare("out.g2", rig.read(moment1.range(g0.length + g1.length, g2.length)));
        golden.assertEveryResultWasCompared();
    }

    @ParameterizedTest
    @ValueSource(strings = {"adam", "adam_l2", "adamw"})
    void fiveOptimizerStepsAgree(String name) {
        GoldenCase golden = golden(name);
        double[] p0 = golden.input("p0").values();
        double[] p1 = golden.input("p1").values();
        Slice parameter = rig.real(concatenated(p0, p1));
        int count = parameter.length();
        Slice moment1 = rig.zeros(count);
        Slice moment2 = rig.zeros(count);
        double[] state = new double[OptimizerKernels.CONTROL];
        state[OptimizerKernels.LEARNING_RATE] = golden.constant("lr");
        Slice control = rig.real(state);
        AdamSettings settings = new AdamSettings(
                golden.constant("beta1"),
                golden.constant("beta2"),
                golden.constant("eps"),
                golden.constant("weight_decay"),
                name.equals("adamw"),
                0);

        for (int step = 1; step <= 5; step++) {
            Slice gradient = rig.real(concatenated(
                    golden.input("g0.step" + step).values(),
                    golden.input("g1.step" + step).values()));
            device.optimizer().gradientNorm(gradient, control);
            device.optimizer().adam(settings, control, parameter, gradient, moment1, moment2);

            golden.compare("out.p0.step" + step, rig.read(parameter.range(0, p0.length)));
            golden.compare("out.p1.step" + step, rig.read(parameter.range(p0.length, p1.length)));
        }
        assertThat(rig.read(control)[OptimizerKernels.APPLIED_STEPS]).isEqualTo(5);
        golden.assertEveryResultWasCompared();
    }

    private static double[] concatenated(double[]... parts) {
        return Arrays.stream(parts).flatMapToDouble(Arrays::stream).toArray();
    }
}
