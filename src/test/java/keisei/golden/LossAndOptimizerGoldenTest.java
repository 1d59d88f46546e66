package keisei.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import keisei.device.AdamSettings;
import keisei.device.OptimizerKernels;
import keisei.device.PpoLossKernels;
import keisei.device.PpoLossSettings;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Masked policies, the PPO loss and the optimizer on each device against libtorch, one operation a case. */
@ParameterizedClass
@MethodSource("devices")
class LossAndOptimizerGoldenTest extends DeviceGoldenTests {
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
                        null,
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
        PpoLossSettings settings = new PpoLossSettings(0.2, 0.5, 0, false);

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
        double[] state = new double[OptimizerKernels.CONTROL];
        state[OptimizerKernels.LOSS_SCALE] = 1;
        Slice control = rig.real(state);
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
        state[OptimizerKernels.LOSS_SCALE] = 1;
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
